import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { loadConfig } from '../../src/config/config.js';
import type { Parts } from '../../src/engine/parts.js';
import { run } from '../../src/engine/run.js';
import { Failure } from '../../src/core/failure.js';
import { appendBytes, runSeconds } from '../../src/config/settings.js';
import { deadlineMs } from '../../src/target/append/batchAppend.js';
import { noTelemetry } from '../../src/telemetry/telemetry.js';
import { RecordingLogger } from '../support/recordingLogger.js';
import { FakeClock } from '../support/fakeClock.js';

/** `hh:mm:ss` of `host.json`, in ms. */
function functionTimeoutMs(): number {
  const host = readFileSync(new URL('../../host.json', import.meta.url), 'utf8');
  const { functionTimeout } = JSON.parse(host) as { readonly functionTimeout: string };
  const [hours = NaN, minutes = NaN, seconds = NaN] = functionTimeout.split(':').map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1_000;
}

/** After how long a run gives itself up when nothing ever answers it. */
async function givenUpAfterMs(budgetMs: number, appendDeadlineMs: number): Promise<number> {
  const clock = FakeClock.flowing();
  const never = new Promise<never>(() => undefined);
  const checkpoint = { load: () => never, patchRun: () => undefined, save: () => Promise.resolve() };
  const logger = new RecordingLogger();
  const parts = { clock, stream: 's', logger, telemetry: noTelemetry, checkpoint } as unknown as Parts;
  const waits = { idlePollMs: 500, emptySourceWaitMs: 30_000, appendDeadlineMs };
  const running = run(parts, { ...waits, stop: new AbortController().signal, budgetMs, whenCaughtUp: 'wait' });
  const failure = running.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  clock.advance(functionTimeoutMs());
  const thrown = await failure;
  if (!(thrown instanceof Failure) || thrown.kind !== 'RunOverdue') throw new Error('the run does not give itself up');
  return Number(thrown.facts['afterMs']);
}

test('Every run that the settings allow gives itself up, and reports that, a minute before the host ends the worker', async () => {
  const { config } = loadConfig({
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    SOURCE_CONTAINER: 'billing',
    EVENTSTORE_CONNECTION_STRING: 'esdb://localhost:2113?tls=false',
    RUN_SECONDS: String(runSeconds.most),
    APPEND_BYTES: String(appendBytes.most),
  });
  const afterMs = await givenUpAfterMs(config.run.seconds * 1_000, deadlineMs(config.target.appendBytes));
  expect(afterMs).toBeLessThanOrEqual(functionTimeoutMs() - 60_000);
});
