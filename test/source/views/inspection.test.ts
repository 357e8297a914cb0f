import { describe, expect, test } from 'vitest';

import { systemClock } from '../../../src/core/clock.js';
import { inspectTapes, type ChunkReport } from '../../../src/source/views/inspection.js';
import { silentLogger } from '../../../src/core/logger.js';
import { fixtureStore, type FixtureName } from '../../support/stores/fixtureStores.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk, uploadStore } from '../../support/stores/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';

async function uploaded(name: FixtureName) {
  const container = await freshContainer();
  const store = await fixtureStore(name);
  await uploadStore(container, store.chunks, name.includes('pageblob') ? 'page' : 'block');
  return { container, store };
}

function inspection(container: Awaited<ReturnType<typeof freshContainer>>, onDamage: 'stop' | 'salvage' = 'stop') {
  const times = { readRecords: 10_000, settleSeconds: 0, listAllSeconds: 300 };
  return inspectTapes({ container, onDamage, clock: systemClock, logger: silentLogger, ...times });
}

async function chunksOf(container: Awaited<ReturnType<typeof freshContainer>>, onDamage?: 'salvage') {
  const look = inspection(container, onDamage);
  const chunks: ChunkReport[] = [];
  for await (const chunk of look.chunks(never)) chunks.push(chunk);
  return { chunks, totals: look.totals };
}

describe('an inspection', () => {
  test('An inspection says what each chunk holds, in reading order, and what all hold together', async () => {
    const { container, store } = await uploaded('v3-multi-json-crlf');
    const { chunks, totals } = await chunksOf(container);
    const { records } = await readAll(openTapes(container));
    expect(
      chunks.map(({ name, variant, firstPosition, lastPosition }) => ({ name, variant, firstPosition, lastPosition })),
    ).toEqual(
      [...new Set(records.map(({ chunk }) => chunk))].map((name) => {
        const own = records.filter(({ chunk }) => chunk === name).map(({ position }) => position);
        return { name, variant: 'varint', firstPosition: own[0], lastPosition: own.at(-1) };
      }),
    );
    expect(totals).toMatchObject({ chunks: 6, records: records.length, opaqueRecords: 0, ignoredNames: 0 });
    expect(totals.bytes).toBe([...store.chunks.values()].reduce((sum, { length }) => sum + length, 0));
    const total = (counts: Map<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0);
    expect(total(totals.recordsByKey)).toBe(records.length);
    expect(total(totals.messagesByContract)).toBe(totals.messages);
  });

  test('An inspection shows the variant of each chunk of a container that holds both', async () => {
    const { container } = await uploaded('mixed-int32-varint-file');
    const { chunks } = await chunksOf(container);
    const names = chunks.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(chunks.map(({ variant }) => variant)).toEqual(
      names.map((name) => (name.includes('2012-08') ? 'int32' : 'varint')),
    );
    expect(chunks.every(({ frames }) => frames > 0)).toBe(true);
  });

  test('An inspection shows a bad frame, what it hides, and how far the names are ahead', async () => {
    const { container } = await uploaded('v3-prefix-disorder-file');
    const { chunks } = await chunksOf(container);
    expect(chunks).toMatchObject([
      { frames: 10, hiddenFrames: 49, missingBefore: 0, damage: [{ kind: 'corrupt' }] },
      { frames: 5, firstPosition: 11, missingBefore: 3, damage: [] },
      { firstPosition: 16, missingBefore: 45, damage: [] },
    ]);
    const { chunks: salvaged } = await chunksOf(container, 'salvage');
    expect(salvaged[0]).toMatchObject({ frames: 59, hiddenFrames: 0, damage: [{ kind: 'corrupt' }] });
  });

  test('An inspection shows torn frames, and what only the copies hold', async () => {
    const { container } = await uploaded('v3-torn-restart-pageblob');
    const { chunks } = await chunksOf(container);
    expect(chunks.filter(({ damage }) => damage.length > 0).map(({ damage }) => damage)).toMatchObject([
      [{ kind: 'torn', offset: 52566 }],
    ]);
    expect(chunks.filter(({ backup }) => backup).map(({ backup }) => backup?.framesOnlyHere)).toEqual([0, 0, 0]);
    expect(chunks.filter(({ variant }) => variant === undefined)).toMatchObject([
      { name: '00000180-2013-10-19-120840.dat', frames: 0 },
    ]);
  });

  test('An inspection counts the valid frames of a copy that its chunk lacks, and of a copy without a chunk', async () => {
    const container = await freshContainer();
    const tape = tapeOf(numberedRecords(1, 10));
    const name = '00000000-2013-10-15-093000.dat';
    await uploadChunk(container, name, tape.subarray(0, (tape.length / 10) * 4 + 7));
    await uploadChunk(container, `${name}.bak`, tape, 'page');
    await uploadChunk(container, '00000099-2013-10-15-093000.dat.bak', tapeOf(numberedRecords(1, 2)));
    await uploadChunk(container, 'lock', Buffer.alloc(0));
    const { chunks, totals } = await chunksOf(container);
    expect(chunks).toMatchObject([{ frames: 4, backup: { name: `${name}.bak`, framesOnlyHere: 6 } }]);
    expect(totals.orphanBackups).toMatchObject([{ name: '00000099-2013-10-15-093000.dat.bak', framesOnlyHere: 2 }]);
    expect(totals.ignoredNames).toBe(1);
  });

  test('An inspection finds the record at a position, with the stream version that the original computes by counting', async () => {
    const { container, store } = await uploaded('v3-multi-json-crlf');
    for (const position of [1, 57, 450]) {
      const expected = store.expected().find(({ storeVersion }) => storeVersion === position);
      const found = await inspection(container).record(position, never);
      expect(found).toMatchObject({
        record: { position, key: expected?.key },
        streamVersion: expected?.streamVersion,
      });
    }
    expect(await inspection(container).record(451, never)).toBeUndefined();
  });
});
