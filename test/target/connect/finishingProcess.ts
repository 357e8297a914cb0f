/**
 * A process of its own that uses a target and must end by itself. Arguments: connection string, stream, and `impatient`
 * for one that closes the target, whatever is going on, when something comes in on stdin.
 */
import { once } from 'node:events';
import { systemClock } from '../../../src/core/clock.js';
import { eventStoreTarget } from '../../../src/target/eventStoreTarget.js';
import { silentLogger } from '../../../src/core/logger.js';
import { measured, sampleEvents } from '../sampleEvent.js';

const [connectionString = '', stream = '', impatient] = process.argv.slice(2);
const target = eventStoreTarget({ connectionString, appendBytes: 1_048_576, clock: systemClock, logger: silentLogger });
const { signal } = new AbortController();
if (impatient !== undefined) {
  void once(process.stdin, 'data').then(() => {
    process.stdin.destroy();
    return target.close();
  });
}
try {
  const tail = target.tail(stream, signal);
  tail.catch(() => undefined);
  await target.open().append(stream, measured(sampleEvents(2)), -1);
  process.stdout.write(`tail: ${(await tail).kind}\n`);
} catch (error) {
  process.stdout.write(`failed: ${String(error)}\n`);
} finally {
  await target.close();
}
