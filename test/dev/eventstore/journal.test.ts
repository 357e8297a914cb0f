import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal } from '../../../dev/eventstore/journal/journal.js';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'eventferry-journal-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

const file = (): string => path.join(dir, 'events.log');

async function records(): Promise<string[]> {
  const found: string[] = [];
  const journal = await Journal.open(dir, (record) => found.push(record.toString()));
  await journal.close();
  return found;
}

async function write(...texts: string[]): Promise<void> {
  const journal = await Journal.open(dir, () => undefined);
  await journal.append(texts.map((text) => [Buffer.from(text.slice(0, 2)), Buffer.from(text.slice(2))]));
  await journal.close();
}

describe('Journal', () => {
  test('The journal of the embedded server gives back every record in order, over several runs', async () => {
    await write('first', 'second');
    await write('third');
    expect(await records()).toEqual(['first', 'second', 'third']);
  });

  test('The journal of the embedded server cuts off a last record that was not written whole, wherever it ends', async () => {
    await write('first', 'second');
    const whole = await readFile(file());
    const firstEnds = 8 + 'first'.length;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: firstEnds, max: whole.length - 1 }), async (length) => {
        await writeFile(file(), whole);
        await truncate(file(), length);
        expect(await records()).toEqual(['first']);
        expect((await stat(file())).size).toBe(firstEnds);
      }),
      { numRuns: 20 },
    );
  });

  test('The journal of the embedded server cuts off a last record of the right length with the wrong bytes', async () => {
    await write('first', 'second');
    const bytes = await readFile(file());
    bytes[bytes.length - 1] = 0;
    await writeFile(file(), bytes);
    expect(await records()).toEqual(['first']);
  });

  test('The journal of the embedded server goes on writing where it was cut', async () => {
    await write('first');
    await appendFile(file(), Buffer.from([200, 0, 0]));
    await write('second');
    expect(await records()).toEqual(['first', 'second']);
  });

  test('The journal of the embedded server refuses a file that is damaged before its end, and says where', async () => {
    await write('first', 'second');
    const bytes = await readFile(file());
    bytes[10] = 0;
    await writeFile(file(), bytes);
    await expect(records()).rejects.toThrow(/events\.log is damaged at byte 0/);
  });

  test('The journal of the embedded server reads records larger than a block', async () => {
    const large = 'x'.repeat(9_000_000);
    await write('first', large, 'third');
    expect((await records()).map((record) => record.length)).toEqual([5, large.length, 5]);
  });
});
