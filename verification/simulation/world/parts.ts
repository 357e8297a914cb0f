import { CheckpointKeeper } from '../../../src/checkpoint/keeper.js';
import { TableCheckpoint } from '../../../src/checkpoint/table.js';
import { convertSettingsOf } from '../../../src/config/convertSettings.js';
import type { Parts } from '../../../src/engine/parts.js';
import { lokadTapes } from '../../../src/source/lokadTapes.js';
import { eventStoreTarget } from '../../../src/target/eventStoreTarget.js';
import type { VerifyParts } from '../../../src/verify/range.js';
import { tapeHistory } from '../../../src/source/views/history.js';
import type { TapeOptions } from '../../../src/source/tapes.js';
import type { Logger } from '../../../src/core/logger.js';
import { noTelemetry } from '../../../src/telemetry/telemetry.js';
import type { BlobService } from './blobService.js';
import type { EventStoreNode } from './eventStoreNode.js';
import type { Schedule } from '../schedule/schedule.js';
import { sourceId, type Settings } from '../schedule/settings.js';
import type { SimulatedProcess } from './simulatedProcess.js';
import type { TableService } from './tableService.js';

/** The services that a process can reach. */
export interface Services {
  readonly blobs: BlobService;
  readonly table: TableService;
  readonly node: EventStoreNode;
}

/** The parts as `replicator.ts` builds them, on the clients of one process. */
export function buildParts(
  process: SimulatedProcess,
  { blobs, table, node }: Services,
  schedule: Schedule,
  { options: { settings, settingsByName }, convert }: Settings,
  logger: Logger,
): Parts {
  const { clock } = process;
  const stream = node.options.stream;
  const storage = { kind: 'connectionString' as const, value: 'UseDevelopmentStorage=true' };
  const where = { storage, table: 'eventferry', source: sourceId, stream };
  const store = new TableCheckpoint(where, table.client(process));
  const target = eventStoreTarget({
    connectionString: 'esdb://simulated:2113?tls=false',
    appendBytes: schedule.appendBytes,
    clock,
    logger,
  });
  Reflect.set(Reflect.get(target, 'connections') as object, 'dial', () => node.dial(process));
  return {
    source: lokadTapes(tapeOptions(process, blobs, schedule, logger)),
    convert,
    target,
    checkpoint: new CheckpointKeeper(
      store,
      clock,
      { source: sourceId, stream, settings: settingsByName },
      schedule.saveEveryMs,
    ),
    // The history of the lag is only for people: nothing depends on it, so it is not simulated.
    history: { add: () => Promise.resolve(), recent: () => Promise.resolve([]) },
    clock,
    logger,
    telemetry: noTelemetry,
    sourceId,
    stream,
    settingsDigest: settings,
    settingsByName,
  };
}

/** What `eventferry verify` is made of, beside the parts of a run. */
export function verifyPartsOf(
  process: SimulatedProcess,
  { blobs }: Services,
  schedule: Schedule,
  settings: Settings,
  logger: Logger,
): Pick<VerifyParts, 'sourceHistory' | 'convertOptions' | 'optionsOf'> {
  return {
    sourceHistory: tapeHistory(tapeOptions(process, blobs, schedule, logger)),
    convertOptions: settings.options,
    optionsOf: convertSettingsOf,
  };
}

function tapeOptions(process: SimulatedProcess, blobs: BlobService, schedule: Schedule, logger: Logger): TapeOptions {
  const { readRecords, settleSeconds, listAllSeconds, onDamage, minRangeBytes } = schedule;
  const { clock } = process;
  const container = blobs.container(process);
  return { container, readRecords, settleSeconds, listAllSeconds, onDamage, minRangeBytes, clock, logger };
}
