import type { Config } from '../../src/config/config.js';
import { createReplicator, type RunOrder } from '../../src/replicator.js';
import { Runtime } from '../../src/runtime.js';
import { startTelemetry } from '../../src/telemetry/exporters/exporters.js';
import { silentLogger } from '../../src/core/logger.js';
import { measure, type Measured } from '../measure.js';

/**
 * Replicates a whole container in two runs. The first run creates the stream and stops after the first records, because
 * a run waits a second before it takes a stream for absent. The second run goes on to the head; only it is measured.
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
