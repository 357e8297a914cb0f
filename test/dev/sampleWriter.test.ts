import { appendFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { readJournal } from '../../dev/writer/journal.js';
import { placesOf, SampleWriting } from './sampleWriting.js';

describe('the sample writer', () => {
  test('The sample writer writes as many records as asked for and journals where each is', async () => {
    const writer = new SampleWriting();
    await writer.write({ records: 200, appendsPerWrite: 7 });
    const entries = readJournal(writer.journal);
    expect(entries).toHaveLength(200);
    expect(entries.every(({ acknowledged }) => acknowledged)).toBe(true);
    expect(placesOf(await writer.chunks())).toEqual(entries.map(({ chunk, offset, key }) => [chunk, offset, key]));
  });

  test('The sample writer does nothing when the journal already has as many', async () => {
    const writer = new SampleWriting();
    await writer.write({ records: 20 });
    await writer.write({ records: 20 });
    expect(await writer.chunks()).toHaveLength(1);
  });

  test('The sample writer ends between two writes when a stop is asked for', async () => {
    const writer = new SampleWriting();
    const stop = new AbortController();
    await writer.write({ rate: 500, onProgress: (acknowledged) => acknowledged >= 10 && stop.abort() }, stop.signal);
    const entries = readJournal(writer.journal);
    expect(entries.length).toBeGreaterThanOrEqual(10);
    expect(entries.every(({ acknowledged }) => acknowledged)).toBe(true);
  });

  test('The sample writer goes on behind a line of the journal that a crash cut off', async () => {
    const writer = new SampleWriting();
    await writer.write({ records: 10 });
    appendFileSync(writer.journal, '{"key":"customer:1","chu');
    await writer.write({ records: 15 });
    expect(readJournal(writer.journal).filter(({ acknowledged }) => acknowledged)).toHaveLength(15);
  });
});
