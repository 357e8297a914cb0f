import type { Placeholder } from '../convert/placeholder.js';
import { Failure } from '../core/failure.js';
import type { TargetEvent } from '../core/record.js';
import type { Target } from '../target/target.js';
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
 * Stores the messages that are set aside. Must be done before their placeholders are appended. It may be repeated after
 * a crash or a lost answer.
 *
 * @throws Failure `QuarantineUnreachable`
 */
export async function keepSetAside(
  events: readonly TargetEvent[],
  { quarantine, logger, telemetry }: Pick<Parts, 'quarantine' | 'logger' | 'telemetry'>,
  signal: AbortSignal,
): Promise<void> {
  for (const { setAside } of events) {
    if (!setAside || !quarantine) continue;
    await quarantine.keep(setAside, signal);
    const { position, index, reason, name } = setAside;
    telemetry.add('eventferry.quarantined', 1);
    logger.warn('message-set-aside', { position, index, reason, container: quarantine.container, blob: name });
  }
}
