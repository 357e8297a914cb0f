import { describe, expect, test } from 'vitest';
import { replicateWithCrashes, undisturbed, type CrashPoint } from '../../verification/simulation/crashMatrix.js';

/** Every moment of a pass at which it has done something outside, or is about to. */
const { points, appendsInsideRecords } = await undisturbed();

function named(crashes: readonly CrashPoint[]): string {
  return crashes.map(({ number, moment, what }) => `${moment} step ${number} (${what})`).join(', then ');
}

async function anomalies(crashes: readonly CrashPoint[]): Promise<string[]> {
  const found = await replicateWithCrashes(crashes);
  return found.map((anomaly) => `killed ${named(crashes)}: ${anomaly}`);
}

describe('a process that is killed', () => {
  test('meets every kind of step that has an effect outside, the row before the first event', () => {
    const writes = points.filter(({ writes }) => writes).map(({ what }) => what);
    expect(new Set(writes)).toEqual(new Set(['table.create', 'table.insert', 'table.replace', 'target.append']));
    expect(appendsInsideRecords).toBeGreaterThan(0);
    expect(writes.indexOf('table.insert')).toBeLessThan(writes.indexOf('target.append'));
  });

  test('before or after any step, once: both ends are equal after the next run', async () => {
    const found: string[] = [];
    for (const point of points) found.push(...(await anomalies([point])));
    expect(found).toEqual([]);
  });

  test(
    'before or after any two steps that have an effect, in a run and in the one that follows: both ends are equal',
    { timeout: 180_000 },
    async () => {
      const effects = points.filter(({ writes }) => writes);
      const found: string[] = [];
      for (const first of effects) for (const second of effects) found.push(...(await anomalies([first, second])));
      expect(found).toEqual([]);
    },
  );
});
