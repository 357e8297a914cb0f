import { onTestFinished } from 'vitest';
import { CheckpointKeeper } from '../../../src/checkpoint/keeper.js';
import { systemClock, type Clock } from '../../../src/core/clock.js';
import { IncidentNotices, type Channels } from '../../../src/engine/report/notices.js';
import { Failure, type StopKind } from '../../../src/core/failure.js';
import type { Notice } from '../../../src/notify/notice.js';
import { Webhook } from '../../../src/notify/webhook.js';
import { silentLogger } from '../../../src/core/logger.js';
import { noTelemetry } from '../../../src/telemetry/telemetry.js';
import type { MemoryCheckpointStore } from '../../support/stores/memoryCheckpoint.js';
import { RecordingLogger } from '../../support/recordingLogger.js';
import { webReceiver } from '../../support/services/webReceiver.js';

export const unreachable = new Failure('TargetUnreachable', 'the server cannot be reached');
export const corrupt = stop('SourceCorrupt', 'chunk a is bad at byte 100');

export function stop(kind: StopKind, message: string): Failure & { readonly kind: StopKind } {
  return new Failure(kind, message) as Failure & { readonly kind: StopKind };
}

/** A process of its own: its invocations share what it knows. */
export async function invocation(
  store: MemoryCheckpointStore,
  { clock = systemClock, ...channels }: Channels & { readonly clock?: Clock } = {},
) {
  const logger = new RecordingLogger();
  const checkpoint = new CheckpointKeeper(store, clock, { source: 's', stream: 't', settings: {} });
  await checkpoint.load().catch(() => undefined);
  const parts = { checkpoint, clock, logger, telemetry: noTelemetry, sourceId: 's', stream: 't' };
  return { notices: new IncidentNotices(parts, channels), logger, keeper: checkpoint };
}

/** A webhook over real HTTP, and the events of the notices that it got. */
export async function openWebhook() {
  const receiver = await webReceiver();
  const webhook = new Webhook({ url: receiver.url, clock: systemClock, logger: silentLogger, answerWithinMs: 60_000 });
  onTestFinished(() => webhook.close());
  const events = () => receiver.requests.map(({ body }) => (JSON.parse(body) as Notice).event);
  return { webhook, receiver, events };
}
