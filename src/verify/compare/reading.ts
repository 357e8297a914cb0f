import type { Mark } from '../../core/mark.js';
import type { StoredEvent } from '../../target/target.js';
import type { AwaitedEvent } from './awaited.js';
import type { ExpectedEvent } from './difference.js';

/**
 * How the source is read; by default in the order of positions, every event must be exactly as expected, and all settings
 * that ever applied leave out what the present ones exclude.
 */
export interface Reading {
  /** Compares the places at the source of the events that two marks name. */
  compare(one: Mark, other: Mark): number;
  /** The expected event as it was made if the mark in the stream, which is proven, says how its record was read. */
  asMarked?(expected: ExpectedEvent, stored: StoredEvent, mark: Mark): ExpectedEvent;
  /** Reads the event that the mark names again; undefined when the source does not hold it. */
  find?(stored: StoredEvent, mark: Mark): Promise<ExpectedEvent | undefined>;
  /** False when it is not known what the settings with this digest were. */
  isKnown?(settings: string): boolean;
  /** True when the settings with this digest, which are known, leave out the record of an event. */
  leavesOut?(expected: ExpectedEvent, settings: string): boolean;
  /** True when any settings that are known leave out the record of an event. */
  everLeavesOut?(expected: ExpectedEvent): boolean;
  /** Digest of the present settings; absent: all events were written under the same settings. */
  readonly settings?: string;
}

export const byPosition: Reading = {
  compare: (one, other) => one.position - other.position || one.index - other.index,
};

/** Whether the settings with this digest leave out the record of an event; undefined when they are not known. */
export function leavesOut(event: ExpectedEvent, settings: string, reading: Reading): boolean | undefined {
  if (reading.isKnown?.(settings) === false) return undefined;
  // guard: verify-by-the-settings-of-then
  return reading.leavesOut ? reading.leavesOut(event, settings) : event.excluded === true;
}

/**
 * An event that the stream does not hold where these settings applied, as something to wait for; undefined when they leave
 * it out.
 */
export function awaitedUnder(settings: string, event: ExpectedEvent, reading: Reading): AwaitedEvent | undefined {
  const leftOut = leavesOut(event, settings, reading);
  if (leftOut === true) return undefined;
  return {
    ...event,
    ...(leftOut === undefined && { unknownSettings: settings }),
    ...((reading.everLeavesOut?.(event) ?? event.excluded) && { isDoubtful: true as const }),
  };
}
