import { expect, test } from 'vitest';
import { failureOf, openTarget } from './openTarget.js';
import { measured, sampleEvents } from './sampleEvent.js';
import { scriptedServer } from './scriptedServer.js';

const huge = 100 * 1024 * 1024;

test('An append that is answered with a message of 100 MB is of unknown outcome, and the message says so', async () => {
  const { connectionString } = await scriptedServer({
    batchAppend: (call) => void call.on('data', () => call.write(Buffer.alloc(huge))),
  });
  const failure = await failureOf(
    openTarget({ connectionString })
      .open()
      .append('billing', measured(sampleEvents(1)), -1),
  );
  expect(failure).toMatchObject({ kind: 'AppendUncertain', policy: 'resume' });
});
