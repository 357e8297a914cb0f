import { describe, expect, test } from 'vitest';
import type { CheckpointRow } from '../../src/checkpoint/row.js';
import { entityOf, rowOf } from '../../src/checkpoint/entity.js';
import type { Cursor } from '../../src/core/cursor.js';
import type { Mark } from '../../src/core/mark.js';
import { asFailure } from '../../src/core/failure.js';
import { Draws } from '../support/stores/mutations.js';
import { fullNote, reachedAt, rowAt } from './checkpointRows.js';

const mutations = 3_000;

const row: CheckpointRow = {
  ...rowAt(7),
  run: fullNote,
  accepted: { settings: { from: 'a', to: 'b' }, foreign: [{ revision: 3, id: 'c' }] },
  settings: { SOURCE_ID: 'billing' },
  cursor: {
    ...reachedAt(7).cursor,
    returnTo: { chunk: 'c', offset: 1, sha1: '' },
    memory: {
      eras: { int32Until: 'a', varintFrom: 'b' },
      namesBefore: { chunk: 'c', count: 2, digest: 'd' },
      left: [{ chunk: 'a', offset: 2, sha1: '', etag: 'e' }],
      passedOver: { chunks: 1, bytes: 5 },
      allowed: [{ kind: 'gap', chunk: 'c' }],
      apart: [{ chunk: 'd', offset: 3, sha1: '', position: 4 }],
    },
  },
};

/** The kinds of every value, one behind the other: what whoever reads a row relies on. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shapeOf(one)]));
}

const odd: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  2n ** 70n,
  '',
  'x',
  '5',
  '[]',
  '{}',
  'null',
  [],
  {},
  undefined,
];

/** A value of JSON with one part of it replaced, taken away or put under another name. */
function changed(value: unknown, draw: Draws): unknown {
  if (typeof value !== 'object' || value === null || draw.below(4) === 0) {
    const one = odd[draw.below(odd.length)];
    return typeof one === 'bigint' ? 0 : one;
  }
  const entries = Object.entries(value as Record<string, unknown>);
  const at = draw.below(entries.length);
  const [name, inner] = entries[at] ?? ['', undefined];
  const others = entries.filter((_, index) => index !== at);
  const put = draw.below(5) === 0 ? [] : [[draw.below(9) === 0 ? `${name}x` : name, changed(inner, draw)] as const];
  return Array.isArray(value) ? [...others, ...put].map(([, one]) => one) : Object.fromEntries([...others, ...put]);
}

function damaged(draw: Draws): Record<string, unknown> {
  const entity: Record<string, unknown> = { ...entityOf(row) };
  const column = draw.of(Object.keys(entity));
  const value = entity[column];
  const isJson = typeof value === 'string' && /^[[{]/.test(value);
  switch (draw.below(isJson ? 4 : 2)) {
    case 0:
      return { ...entity, [column]: odd[draw.below(odd.length)] };
    case 1:
      return {
        ...entity,
        [column]: typeof value === 'string' ? value.slice(0, draw.below(value.length)) : `${String(value)}x`,
      };
    default:
      return { ...entity, [column]: JSON.stringify(changed(JSON.parse(String(value)), draw)) };
  }
}

describe('a row that someone has damaged', () => {
  test('A damaged row is either refused with a message or has the shape that everything relies on', () => {
    let refused = 0;
    for (let seed = 1; seed <= mutations; seed++) {
      const entity = damaged(new Draws(seed));
      try {
        const read = rowOf(entity);
        expect(read.cursor.position).toBeGreaterThanOrEqual(1);
        expect(Number.isSafeInteger(read.cursor.offset) && read.cursor.offset >= 0).toBe(true);
        expect(shapeOf({ ...row, ...read, cursor: { ...row.cursor, ...read.cursor } })).toMatchObject({
          cursor: { chunk: 'string', offset: 'number', sha1: 'string', position: 'number' },
          confirmed: shapeOf(row.confirmed),
          generation: 'number',
        });
        // What is read can be written again, and read again the same.
        expect(rowOf(entityOf(read))).toEqual(read);
      } catch (thrown) {
        const failure = asFailure(thrown);
        expect(failure, `seed ${seed}: ${JSON.stringify(entity['run'])}`).toMatchObject({
          kind: expect.stringMatching(/^(CheckpointUnreachable|NewerSchema)$/) as string,
          message: expect.stringMatching(/^The checkpoint row .*(is damaged \(.+\)|this version knows)/) as string,
        });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(mutations / 4);
    expect(refused).toBeLessThan(mutations);
  });

  test.each([
    ['left', 'oops'],
    ['allowed', [1]],
    ['allowed', [{ kind: 'other', chunk: 'c' }]],
    ['apart', 'oops'],
    ['apart', [{ chunk: 'd', offset: 3, sha1: '' }]],
    ['apart', [{ chunk: 'd', offset: 3, sha1: '', position: 0 }]],
  ])('A row is refused when the source state in it is damaged: %s is %j', (name, value) => {
    const memory = JSON.stringify({ ...row.cursor.memory, [name]: value });
    expect(() => rowOf({ ...entityOf(row), memory })).toThrow(
      expect.objectContaining({
        kind: 'CheckpointUnreachable',
        message: expect.stringContaining(`column memory.${name}`) as string,
      }),
    );
  });

  const { chunk } = reachedAt(7).cursor;
  test.each<[string, Partial<Cursor>, Partial<Mark>]>([
    ['by its position', { position: 7 }, {}],
    ['by its byte in the same chunk', { offset: 700 }, {}],
    ['by the place to which its detour returns', { chunk: 'a', returnTo: { chunk, offset: 700, sha1: '' } }, {}],
    [
      'by the place to which the detour of the mark returns',
      {},
      { chunk: 'a', returnTo: { chunk, offset: 801, sha1: '' } },
    ],
  ])('A row whose cursor lies before its own mark is refused: %s', (_how, cursor, mark) => {
    const { confirmed, ...reached } = reachedAt(7);
    const before = {
      ...rowAt(7),
      cursor: { ...reached.cursor, ...cursor },
      confirmed: { ...confirmed, mark: { ...confirmed.mark, ...mark } },
    };
    expect(() => rowOf(entityOf(before))).toThrow(
      expect.objectContaining({
        kind: 'CheckpointUnreachable',
        message: expect.stringContaining('is damaged (the cursor does not lie after the mark)') as string,
      }),
    );
  });

  test('A row is read when its cursor lies in an accepted chunk, or its mark does, whatever the order of the chunks', () => {
    const { cursor, confirmed } = reachedAt(7);
    const main = { chunk: cursor.chunk, offset: cursor.offset, sha1: cursor.sha1 };
    const inDetour = { ...rowAt(7), cursor: { ...cursor, chunk: 'a', offset: 0, sha1: '', returnTo: main } };
    const mark = { ...confirmed.mark, chunk: 'a', offset: 900, returnTo: main };
    const afterDetour = { ...rowAt(7), confirmed: { ...confirmed, mark } };
    for (const row of [inDetour, afterDetour]) expect(rowOf(entityOf(row))).toEqual(row);
  });

  test('A row that holds what a person allowed as names is read: a gap stays allowed, another variant does not', () => {
    const memory = JSON.stringify({ ...row.cursor.memory, allowed: ['other-era:b', 'c'] });
    const read = rowOf({ ...entityOf(row), memory });
    expect(read.cursor.memory?.allowed).toEqual([{ kind: 'gap', chunk: 'c' }]);
    expect(rowOf({ ...entityOf(read) })).toEqual(read);
  });

  test.each([2, 3, '2', 1_000_000])(
    'A row of schema %s is refused as one of a newer Eventferry, whatever else it holds',
    (schema) => {
      const message = expect.stringContaining('this version knows 1') as string;
      expect(() => rowOf({ partitionKey: 'a', schema })).toThrow(
        expect.objectContaining({ kind: 'NewerSchema', message }),
      );
    },
  );
});
