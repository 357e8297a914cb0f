import type { PositionRange } from './range.js';

/** Positions in one range of a sample: enough to see a missing event, few enough to be fast. */
const rangePositions = 100;

/**
 * Ranges spread at random over the positions, in order and apart from each other; the first and the last positions are
 * always among them. The same seed draws the same ranges.
 */
export function sampleRanges(
  { from, to }: PositionRange,
  { ranges, seed }: { readonly ranges: number; readonly seed: number },
): PositionRange[] {
  const next = random(seed);
  const lastStart = Math.max(from, to - rangePositions + 1);
  const drawn = Array.from(
    { length: Math.max(0, ranges - 2) },
    () => from + Math.floor(next() * (lastStart - from + 1)),
  );
  const starts = [from, ...drawn.sort((one, other) => one - other), ...(ranges > 1 ? [lastStart] : [])];
  const apart: { from: number; to: number }[] = [];
  for (const start of starts) {
    const end = Math.min(to, start + rangePositions - 1);
    const before = apart.at(-1);
    if (before && start <= before.to + 1) before.to = Math.max(before.to, end);
    else apart.push({ from: start, to: end });
  }
  return apart;
}

/** Pseudo-random numbers from 0 to below 1 (Park and Miller's generator). */
function random(seed: number): () => number {
  let state = (Math.abs(Math.trunc(seed)) % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}
