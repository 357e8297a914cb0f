import { setImmediate as turn } from 'node:timers/promises';

import type { Placeholder } from '../convert/placeholder.js';
import type { RecordEvents } from '../convert/recordEvents.js';
import { Failure } from '../core/failure.js';
import type { TargetEvent } from '../core/record.js';
import type { Target } from '../target/target.js';
import { requestBytes } from './append/window.js';
import type { Parts } from './parts.js';

/**
 * A conversion that replaces each event that the target would refuse by its placeholder. A placeholder that cannot be
 * appended either is refused as without quarantine.
 */
export function settingAside(
  convert: Parts['convert'],
  placeholder: Placeholder,
  target: Pick<Target, 'measure'>,
): Parts['convert'] {
  return (record, begun) =>
    convert(record, begun).map((event) => {
      const refusal = refusalOf(event, target);
      return refusal ? placeholder(record, event.mark.index, refusal) : event;
    });
}

function refusalOf(event: TargetEvent, target: Pick<Target, 'measure'>): Failure | undefined {
  try {
    target.measure(event);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Failure && (thrown.kind === 'EventTooLarge' || thrown.kind === 'Unconvertible'))
      return thrown;
    throw thrown;
  }
}

/**
 * Looks at each event of a record before the first of them is appended, so that no finding stops replication inside a
 * record. Stores the messages that are set aside; that may be repeated after a crash or a lost answer.
 *
 * Events on demand are made here once, measured and dropped, and are made again when they leave. Only by making an
 * event it is known what it takes: a body that was reformatted is smaller than the stored one.
 *
 * @throws Failure `EventTooLarge` or `Unconvertible` for an event that the target would refuse; `QuarantineUnreachable`
 */
export async function lookAt(
  events: RecordEvents,
  { target, quarantine, logger, telemetry }: Pick<Parts, 'target' | 'quarantine' | 'logger' | 'telemetry'>,
  signal: AbortSignal,
): Promise<void> {
  let bytesSinceTurn = 0;
  for (const event of events) {
    // guard: look-before-a-record-is-sent
    const { bytes } = target.measure(event);
    const { setAside } = event;
    if (setAside && quarantine) {
      await quarantine.keep(setAside, signal);
      const { position, index, reason, name } = setAside;
      telemetry.add('eventferry.quarantined', 1);
      logger.warn('message-set-aside', { position, index, reason, container: quarantine.container, blob: name });
    }
    bytesSinceTurn += bytes;
    if (bytesSinceTurn < requestBytes) continue;
    bytesSinceTurn = 0;
    await turn(); // others in this process, as after each request
    signal.throwIfAborted();
  }
}
