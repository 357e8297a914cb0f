import { openTarget } from './openTarget.js';
import { scriptedServer } from './scriptedServer.js';

/** A server that answers every read with these messages, and ends it. */
export async function answering(...messages: Buffer[]) {
  let reads = 0;
  const { connectionString } = await scriptedServer({
    read: (call) => {
      reads += 1;
      for (const message of messages) call.write(message);
      call.end();
    },
  });
  return { target: openTarget({ connectionString }), reads: () => reads };
}
