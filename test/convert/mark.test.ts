import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMarks, linkAfter, parseMark } from '../../src/convert/eventIdAndMark.js';
import type { Newline } from '../../src/convert/body/jsvFormat.js';
import type { Failure } from '../../src/core/failure.js';
import { noEvent, type Mark } from '../../src/core/mark.js';
import type { SourceRecord, TargetEvent } from '../../src/core/record.js';
import { message, sourceRecord } from './sourceRecord.js';

const marks = createMarks('billing', '89abcdef');
const utf8 = (text: string) => Buffer.from(text, 'utf8');

function written(
  record: SourceRecord,
  { count = 1, reformatted }: { count?: number; reformatted?: Newline } = {},
): string {
  return Buffer.from(marks(record, count).metadata(0, reformatted)).toString('utf8');
}

function withAttributes(...attributes: [string, string][]): SourceRecord {
  return sourceRecord({ payload: { kind: 'batch', attributes, messages: [message('A')] } });
}

const mark: Mark = {
  v: 2,
  after: noEvent,
  source: 'billing',
  position: 1234,
  index: 0,
  count: 3,
  key: 'customer-12',
  sha1: 'ddefc23e98269e31',
  chunk: '00000061-2013-10-18-091001.dat',
  offset: 27_385,
  settings: '89abcdef',
};

describe('the metadata of an event', () => {
  test('The metadata of an event says where the event came from, then the attributes as pairs', () => {
    const record = withAttributes(['id', 'abc'], ['utc', '2013-10-13T20:05:14.0000000Z']);
    expect(written(record, { count: 3 })).toBe(
      '{"eventferry":{"v":2,"after":"00000000-0000-0000-0000-000000000000","source":"billing",' +
        '"position":1234,"index":0,"count":3,"key":"customer-12","stamp":7,' +
        '"sha1":"ddefc23e98269e31","chunk":"00000061-2013-10-18-091001.dat","offset":27385,"settings":"89abcdef"},' +
        '"attributes":[["id","abc"],["utc","2013-10-13T20:05:14.0000000Z"]]}',
    );
  });

  test('The metadata of an event says which line break was undone in the body, and where the main reading goes on, only where that is so', () => {
    const returnTo = { chunk: 'b.dat', offset: 20, sha1: 'a'.repeat(40) };
    const end = ',"settings":"89abcdef"';
    expect(written(sourceRecord(), { reformatted: '\n' })).toContain(`${end},"reformatted":"\\n"},"attributes":[]}`);
    expect(written(sourceRecord({ returnTo }), { reformatted: '\r\n' })).toContain(
      `${end},"reformatted":"\\r\\n","returnTo":{"chunk":"b.dat","offset":20,"sha1":"${'a'.repeat(40)}"}},"attributes":[]}`,
    );
    expect(written(sourceRecord())).toContain(`${end}},"attributes":[]}`);
  });

  test.each([-1n, 0n, 9007199254740993n, 9223372036854775807n, -9223372036854775808n])(
    'The metadata of an event prints the stamp %s digit by digit',
    (stamp) => {
      expect(written(sourceRecord({ stamp }))).toContain(`"stamp":${stamp},`);
    },
  );

  test('The metadata of an event keeps attributes apart that are named like keys of ours or of the server, or twice the same', () => {
    const pairs: [string, string][] = [
      ['eventferry', '{"v":2}'],
      ['$correlationId', 'x'],
      ['id', '1'],
      ['id', '2'],
      ['__proto__', '"'],
      ['', ''],
    ];
    const record = withAttributes(...pairs);
    const value = JSON.parse(written(record)) as { attributes: unknown };
    expect(Object.keys(value)).toEqual(['eventferry', 'attributes']);
    expect(value.attributes).toEqual(pairs);
    expect(parseMark(utf8(written(record)))).toMatchObject({ position: 1234 });
  });
});

describe('a mark', () => {
  test('A mark is read back as it was written', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('key', 'hex:ff', '"\\\u0000'));
    const natural = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    const sha1 = fc.uint8Array({ minLength: 20, maxLength: 20 });
    const record = fc
      .record({ key: text, chunk: text, offset: natural, sha1, position: fc.integer({ min: 1, max: 2 ** 48 - 1 }) })
      .map((changed) => sourceRecord(changed));
    const returned = fc.option(fc.constant({ chunk: '', offset: 0, sha1: '' }), { nil: undefined });
    const newline = fc.constantFrom<Newline | undefined>(undefined, '\r\n', '\n');
    fc.assert(
      fc.property(record, returned, newline, fc.nat({ max: 6 }), (plain, returnTo, reformatted, index) => {
        const made = marks(returnTo ? { ...plain, returnTo } : plain, 7);
        const back = parseMark(made.metadata(index, reformatted));
        expect(back).toStrictEqual(made.mark(index, reformatted));
        expect(back?.sha1).toBe(made.sha1);
      }),
    );
  });

  test('A mark is read whatever else the metadata holds', () => {
    expect(parseMark(utf8(` {"x":[{}],"eventferry":${JSON.stringify({ ...mark, more: 1 })}}\n`))).toStrictEqual(mark);
  });

  test('A mark of schema 1, which names no event before its own, is read back as it was written', () => {
    const made = createMarks('billing', '89abcdef', 1)(sourceRecord(), 3);
    expect(Buffer.from(made.metadata(0)).toString()).toMatch(/^{"eventferry":{"v":1,"source":"billing",/);
    expect(parseMark(made.metadata(0))).toStrictEqual(made.mark(0));
    expect(made.mark(0)).not.toHaveProperty('after');
  });

  test('A mark of schema 1 says of a reformatted body only that it is one', () => {
    const made = createMarks('billing', '89abcdef', 1)(sourceRecord(), 3);
    for (const newline of ['\r\n', '\n'] as const) {
      expect(Buffer.from(made.metadata(0, newline)).toString()).toContain(',"reformatted":true}');
      expect(parseMark(made.metadata(0, newline))).toStrictEqual(made.mark(0, newline));
    }
  });

  test('A mark names the event before it once that is known, and the metadata keeps its length', () => {
    const [record, before] = [sourceRecord(), 'd17a05d2-79e8-8000-8001-0000000004d2'];
    const made = marks(record, 3);
    const event = { mark: made.mark(1, '\n'), metadata: made.metadata(1, '\n') } as TargetEvent;
    const { length } = event.metadata;
    linkAfter(event, before);
    expect(event.metadata).toHaveLength(length);
    expect(parseMark(event.metadata)).toStrictEqual({ ...made.mark(1, '\n'), after: before });
    expect(event.mark).toStrictEqual({ ...made.mark(1, '\n'), after: before });
  });

  test.each([3, 4, 1_000_000])('A mark of schema %s is refused: a newer Eventferry wrote it', (version) => {
    expect(() => parseMark(utf8(JSON.stringify({ eventferry: { v: version, other: true } })))).toThrow(
      expect.objectContaining({ kind: 'NewerSchema', facts: { version } }) as Failure,
    );
  });

  const changed = (change: Record<string, unknown>) => JSON.stringify({ eventferry: { ...mark, ...change } });

  test.each([
    '',
    'null',
    '[]',
    '"eventferry"',
    '1',
    '{',
    '{}',
    '{"eventferry":null}',
    '{"eventferry":[1]}',
    '{"eventferry":"v"}',
    '{"eventferry":{}}',
    '{"x":{"eventferry":{"v":3}}}',
    '\ufeff{"eventferry":{"v":3}}',
    '{"eventferry":{"v":"3"}}',
    '{"eventferry":{"v":1.5}}',
    '{"eventferry":{"v":1e999}}',
    '{"eventferry":{"v":0}}',
    '{"__proto__":{"eventferry":{"v":3}},"constructor":"eventferry"}',
    changed({ v: 1 }),
    changed({ after: undefined }),
    changed({ after: '' }),
    changed({ after: 'D17A05D2-79E8-8000-8001-0000000004D2' }),
    changed({ source: 1 }),
    changed({ position: 0 }),
    changed({ position: 1.5 }),
    changed({ position: '1' }),
    changed({ position: 2 ** 48 }),
    changed({ index: -1 }),
    changed({ index: 3 }),
    changed({ index: 2 ** 26, count: 2 ** 27 }),
    changed({ count: 0 }),
    changed({ key: null }),
    changed({ sha1: 'DDEFC23E98269E31' }),
    changed({ sha1: 'ddefc23e' }),
    changed({ chunk: undefined }),
    changed({ offset: -1 }),
    changed({ settings: 'xyz' }),
    changed({ reformatted: false }),
    changed({ reformatted: true }),
    changed({ reformatted: '\r' }),
    changed({ v: 1, after: undefined, reformatted: '\n' }),
    changed({ returnTo: { chunk: 'a' } }),
    changed({ returnTo: { chunk: 'a', offset: 1, sha1: 'short' } }),
  ])('A mark is not found in the metadata of foreign events: %j', (metadata) => {
    expect(parseMark(utf8(metadata))).toBeUndefined();
  });

  test('A mark is not found in bytes that are not UTF-8, nor in text that is huge or deep', () => {
    const broken = utf8(`{"eventferry":${JSON.stringify(mark)},"x":"?"}`);
    broken[broken.indexOf('?')] = 0xff;
    expect(parseMark(broken)).toBeUndefined();
    expect(parseMark(utf8(`{"eventferry":${'['.repeat(2_000_000)}`))).toBeUndefined();
    expect(parseMark(utf8(`{"eventferry":${'['.repeat(500_000)}${']'.repeat(500_000)}}`))).toBeUndefined();
    expect(parseMark(Buffer.alloc(16_000_000, 0x20))).toBeUndefined();
  });

  test('Damaged metadata gives either a whole mark or none, and never another error', () => {
    const good = utf8(`{"eventferry":${JSON.stringify(mark)},"attributes":[]}`);
    const edits = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(edits, fc.nat({ max: good.length }), (changes, length) => {
        const damaged = Buffer.from(good.subarray(0, length || good.length));
        for (const [at, byte] of changes) if (at < damaged.length) damaged[at] = byte;
        try {
          const found = parseMark(damaged);
          if (found) expect(Object.keys(found)).toEqual(Object.keys(mark));
        } catch (thrown) {
          expect(thrown).toMatchObject({ kind: 'NewerSchema' });
        }
      }),
      { numRuns: 3000 },
    );
  });
});
