import { expect } from 'vitest';
import { replicateWithCrashes, type CrashPoint } from '../../verification/simulation/crashMatrix.js';

/** Kills processes at these moments, one list after the other; after the next run both ends must be equal. */
export async function expectBothEndsEqual(killings: Iterable<readonly CrashPoint[]>): Promise<void> {
  const found: string[] = [];
  for (const crashes of killings) {
    const anomalies = await replicateWithCrashes(crashes);
    found.push(...anomalies.map((anomaly) => `killed ${named(crashes)}: ${anomaly}`));
  }
  expect(found).toEqual([]);
}

/** Every two moments that have an effect outside, one in a run and one in the run that follows. */
export function pairsOf(points: readonly CrashPoint[]): (readonly [CrashPoint, CrashPoint])[] {
  const effects = points.filter(({ writes }) => writes);
  return effects.flatMap((first) => effects.map((second) => [first, second] as const));
}

function named(crashes: readonly CrashPoint[]): string {
  return crashes.map(({ number, moment, what }) => `${moment} step ${number} (${what})`).join(', then ');
}
