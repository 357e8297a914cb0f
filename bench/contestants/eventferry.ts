import type { Config } from '../../src/config/config.js';
import { createReplicator, type RunOrder } from '../../src/replicator.js';
import { Runtime } from '../../src/runtime.js';
import { startTelemetry } from '../../src/telemetry/exporters/exporters.js';
import { silentLogger } from '../../src/core/logger.js';
import { measure, type Measured } from '../measure.js';

/**
 * Replicates a whole container. A first run makes the stream, because a run waits a second before it calls a stream
 * absent, and stops after the first records; what the second run does until the head is measured.
 */
export async function eventferry(config: Config): Promise<Measured> {
  const sending = await startTelemetry(config.telemetry);
  const replicator = createReplicator(config, new Runtime({ logger: silentLogger, sending }));
  const order: RunOrder = { stop: new AbortController().signal, whenCaughtUp: 'exit', onOutage: 'fail' };
  const begun = new AbortController();
  await replicator.run({ ...order, stop: begun.signal, onProgress: () => begun.abort() });
  const measured = await measure(async () => {
    const { end, events } = await replicator.run(order);
    if (end !== 'caught-up') throw new Error(`The run ended ${end}, not at the head.`);
    return events;
  });
  await replicator.close();
  await sending?.shutdown();
  return measured;
}
