import { describe, expect, test } from 'vitest';

import { Failure } from '../../src/core/failure.js';
import { fixtureStore } from '../support/stores/fixtureStores.js';
import {
  expectedLines,
  expectFrames,
  expectReading,
  expectReadingWhileWritten,
  expectTruncatedReading,
  follow,
  lines,
  readStore,
} from './storeReading.js';

describe('a store that the original code wrote', () => {
  test.each([
    ['era-2012-08-int32-file', 'page'],
    ['iddd-small-pageblob', 'page'],
    ['v3-multi-json-crlf', 'block'],
    ['v3-torn-pageblob/05-payload', 'page'],
    ['v3-torn-restart-file', 'block'],
  ] as const)('The original store %s reads as the original reader read it, from %s blobs', (name, kind) =>
    expectReading(name, kind),
  );

  test('The original store v3-torn-pageblob/05-payload reads the same after the original reader has truncated its chunks', () =>
    expectTruncatedReading('v3-torn-pageblob/05-payload'));

  test.each(['era-2012-08-int32-file', 'v3-torn-file/33-flip-payload'] as const)(
    'The original store %s has each frame where the original reader saw it',
    (name) => expectFrames(name),
  );

  test('Audit and func records are read, although the last original reader hid them', async () => {
    const store = await fixtureStore('v3-audit-func-file');
    const { records } = await readStore(store, 'page');
    expect(lines(records)).toEqual(expectedLines(store.expected('expected-with-audit.ndjson')));
    const shown = records.filter(({ key }) => key !== 'audit' && key !== 'func');
    expect(lines(shown)).toEqual(expectedLines(store.expected()));
  });

  test('A frame with a damaged hash is no record, although the int32 reader of files did not check it', async () => {
    const store = await fixtureStore('iddd-torn-file/07-hash-last-byte');
    const { records } = await readStore(store, 'block');
    expect(lines(records)).toEqual(expectedLines(store.expected().slice(0, -1)));
  });
});

describe('a store with a bad frame and valid ones behind it', () => {
  const damaged = [
    ['v3-torn-file/33-flip-payload', '00000151-2013-10-16-105311.dat'],
    ['v3-prefix-disorder-file', '00000001-2013-10-18-070000.dat'],
  ] as const;

  test.each(damaged)(
    'The damaged store %s stops at the bad frame with everything before it read',
    async (name, chunk) => {
      const store = await fixtureStore(name);
      const { records, cursor, thrown } = await readStore(store, 'block');
      const hidden = store.frames().filter(({ file }) => file === chunk);
      const last = hidden.at(-1);
      const offset = (last?.offset ?? 0) + (last?.length ?? 0);
      expect(thrown).toBeInstanceOf(Failure);
      expect(thrown).toMatchObject({ kind: 'SourceCorrupt', facts: { chunk, offset } });
      expect(cursor).toMatchObject({ chunk, offset });
      const read = store.expected().filter(({ storeVersion }) => storeVersion < cursor.position);
      expect(lines(records)).toEqual(expectedLines(read));
    },
  );

  test.each(damaged)(
    'The damaged store %s reads as the original reader read it when damage is skipped',
    async (name) => {
      const store = await fixtureStore(name);
      const { records, thrown, cursor } = await readStore(store, 'block', 'skip');
      expect(thrown).toBeUndefined();
      expect(lines(records)).toEqual(expectedLines(store.expected()));
      expect(cursor.memory?.passedOver?.chunks).toBe(1);
    },
  );

  test('A damaged store gives what follows the bad frame when damage is salvaged', async () => {
    const intact = await readStore(await fixtureStore('v3-torn-file/00-intact'), 'block');
    const { records, thrown, cursor } = await readStore(
      await fixtureStore('v3-torn-file/33-flip-payload'),
      'block',
      'salvage',
    );
    expect(thrown).toBeUndefined();
    const kept = intact.records.filter(({ position }) => position !== 211);
    expect(records.map(({ chunk, offset }) => `${chunk} ${offset}`)).toEqual(
      kept.map(({ chunk, offset }) => `${chunk} ${offset}`),
    );
    expect(records.map(({ position }) => position)).toEqual(kept.map((_, index) => index + 1));
    expect(cursor.memory?.passedOver?.chunks).toBe(1);
  });
});

describe('a store that is followed while it is written', () => {
  test.each(['era-2012-08-int32-file', 'iddd-small-pageblob'] as const)(
    'The store %s that is followed while it is written reads as it does when it is complete',
    (name) => expectReadingWhileWritten(name),
  );

  test('The store v3-prefix-disorder-file ends in SourceReordered when its last chunk appears before the one read last', async () => {
    await expect(follow('v3-prefix-disorder-file', 'skip')).rejects.toMatchObject({
      kind: 'SourceReordered',
      facts: { chunk: '00000014-2013-10-18-103846.dat' },
    });
  });
});
