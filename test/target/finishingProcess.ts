/** A process of its own that uses a target and must end by itself: connection string, then what to do. */
import { systemClock } from '../../src/clock.js';
import { eventStoreTarget } from '../../src/target/eventStoreTarget.js';
import { silentLogger } from '../../src/telemetry/logger.js';
import { sampleEvents } from './sampleEvent.js';

const [connectionString = '', stream = ''] = process.argv.slice(2);
const target = eventStoreTarget({ connectionString, appendBytes: 1_048_576, clock: systemClock, logger: silentLogger });
const { signal } = new AbortController();
try {
  const call = target.open(stream);
  await call.append(sampleEvents(2), -1);
  const tail = await target.tail(stream, signal);
  process.stdout.write(`tail: ${tail.kind}\n`);
} catch (error) {
  process.stdout.write(`failed: ${String(error)}\n`);
} finally {
  await target.close();
}
