import { good, skipped, warning, type Finding } from './finding.js';

/** The time on another machine's clock, and on ours at that moment; milliseconds since 1970. */
export interface ClockReading {
  readonly who: string;
  readonly theirs: number;
  readonly ours: number;
}

/** Smaller differences prove nothing: other clocks are read in whole seconds, and an answer takes time. */
const maxApartMs = 5_000;

/** Checks whether the clocks that could be read agree. */
export function clockFindings(readings: readonly ClockReading[]): Finding[] {
  if (readings.length === 0) return [skipped('clocks', 'no other clock could be read')];
  const apart = readings.filter(({ theirs, ours }) => Math.abs(theirs - ours) > maxApartMs);
  if (apart.length === 0) {
    return [good('clocks', `this machine, ${readings.map(({ who }) => who).join(' and ')} are at most 5 s apart`)];
  }
  return apart.map(({ who, theirs, ours }) => {
    const seconds = Math.round(Math.abs(ours - theirs) / 1000);
    return warning(
      'clocks',
      `This machine's clock is ${seconds} s ${ours > theirs ? 'ahead of' : 'behind'} that of ${who}.`,
      'Let the machines follow the same time server. Ages and lag are off by that much; nothing is lost.',
    );
  });
}
