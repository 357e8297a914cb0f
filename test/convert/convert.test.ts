import { describe, expect, test } from 'vitest';
import { formatBody, type Newline } from '../../src/convert/body/jsvFormat.js';
import { createConvert, type ConvertOptions } from '../../src/convert/convert.js';
import { eventIdOf, parseMark } from '../../src/convert/eventIdAndMark.js';
import type { Failure } from '../../src/core/failure.js';
import type { SourceMessage, SourceRecord, TargetEvent } from '../../src/core/record.js';
import { message, sourceRecord } from './sourceRecord.js';
import { storeLines, type ExpectedMessage } from './storeLines.js';

const options: ConvertOptions = {
  sourceId: 'billing',
  excludeKeys: ['audit'],
  bodyMode: 'auto',
  typeMap: {},
  stripNamespaces: [],
  settings: '89abcdef',
};

function convertUnder(changed: Partial<ConvertOptions>) {
  const convert = createConvert({ ...options, ...changed });
  return (record: SourceRecord): readonly TargetEvent[] => [...convert(record)];
}

const convert = convertUnder({});

function recordOf(...messages: SourceMessage[]) {
  return sourceRecord({ payload: { kind: 'batch', attributes: [], messages } });
}

function typeOf(contract: string, changed: Partial<ConvertOptions>): string | undefined {
  return convertUnder(changed)(recordOf(message(contract)))[0]?.type;
}

describe('a record', () => {
  test('A record makes one event of each message, in order, with bytes as stored', () => {
    const stored = [message('A', '{"n":9007199254740993}'), message('B', Buffer.from([0xff])), message('A', '')];
    const events = convert(recordOf(...stored));
    expect(events.map(({ type, contentType }) => [type, contentType])).toEqual([
      ['A', 'application/json'],
      ['B', 'application/octet-stream'],
      ['A', 'application/octet-stream'],
    ]);
    expect(events.map(({ data }) => data)).toEqual(stored.map(({ body }) => body));
    expect(events.map(({ mark: { index, count } }) => [index, count])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
  });

  test('A record makes events whose metadata holds their mark and whose id is the id of that mark', () => {
    const events = convert(recordOf(message('A'), message('B', '\n{\n\t"a": "x,\n\ty"\n}\n')));
    for (const { id, metadata, mark } of events) {
      expect(parseMark(metadata)).toStrictEqual(mark);
      expect(eventIdOf(mark)).toBe(id);
    }
    expect(events.map(({ id }) => id)).toEqual([
      'd17a05d2-79e8-8000-8000-0000000004d2',
      'd17a05d2-79e8-8000-8001-0000000004d2',
    ]);
    expect(events.map(({ mark }) => mark.reformatted)).toEqual([undefined, '\n']);
    expect(Buffer.from(events[1]?.data ?? []).toString()).toBe('{"a":"x,y"}');
  });

  test('Bodies that differ only in their line breaks are told apart by their marks, in the target alone', () => {
    const stored = ['\r\n', '\n'].map((newline) => Buffer.from(['', '{', '\t"a": "x,', '\ty"', '}', ''].join(newline)));
    const events = convert(recordOf(...stored.map((body) => message('A', body))));
    expect(events.map(({ data }) => Buffer.from(data).toString())).toEqual(['{"a":"x,y"}', '{"a":"x,y"}']);
    const formatted = events.map(({ data, metadata }) => {
      const { eventferry } = JSON.parse(Buffer.from(metadata).toString()) as { eventferry: { reformatted: Newline } };
      return Buffer.from(formatBody(data, eventferry.reformatted) ?? []);
    });
    expect(formatted).toEqual(stored);
  });

  test('A record makes the same events every time', () => {
    const record = recordOf(message('A'), message('B', '12'));
    expect(convertUnder({})(record)).toEqual(convert(record));
  });

  test('A record of an excluded key makes no event; keys are compared exactly', () => {
    const both = convertUnder({ excludeKeys: new Set(['audit', 'func']) });
    const made = (key: string) => [convert, both].map((one) => one(sourceRecord({ key })).length);
    expect(made('audit')).toEqual([0, 0]);
    expect(made('func')).toEqual([1, 0]);
    expect(made('Audit')).toEqual([1, 1]);
  });

  test('A record without messages makes no event', () => {
    expect(convert(recordOf())).toEqual([]);
  });

  test('A record with an opaque payload makes one binary event of the whole payload', () => {
    const bytes = Buffer.from('{"looks":"like JSON"}');
    expect(convert(sourceRecord({ payload: { kind: 'opaque', bytes } }))).toMatchObject([
      { type: 'LegacyCommit', contentType: 'application/octet-stream', data: bytes, mark: { index: 0, count: 1 } },
    ]);
  });

  test('A record that was read out of its place says where the main reading goes on', () => {
    const returnTo = { chunk: 'b.dat', offset: 0, sha1: '' };
    expect(convert(sourceRecord({ returnTo }))[0]?.mark.returnTo).toEqual(returnTo);
  });

  test('Every contract name in a store of the original becomes the type as it is', async () => {
    const lines = await storeLines<ExpectedMessage>('v3-multi-json-crlf', 'expected.ndjson');
    const events = lines.flatMap(({ contract, body }) =>
      convert(recordOf(message(contract, Buffer.from(body, 'base64')))),
    );
    expect(events.map(({ type }) => type)).toEqual(lines.map(({ contract }) => contract));
  });
});

describe('the type of an event', () => {
  test.each(['Lokad.SaaS/UserLocked', 'Référence/日本/Größe😀', 'http://a.b/c/Outer/Inner', '\ufeffA', 'a$', ' '])(
    'The type of an event is the contract name as it is: %s',
    (contract) => {
      expect(typeOf(contract, {})).toBe(contract);
    },
  );

  test('The type of an event loses the longest namespace that stands in front of it, and no other', () => {
    const stripNamespaces = ['Lokad', 'Lokad/SaaS', 'http://a.b/c'];
    expect(typeOf('Lokad/SaaS/UserLocked', { stripNamespaces })).toBe('UserLocked');
    expect(typeOf('Lokad/Outer/Inner', { stripNamespaces })).toBe('Outer/Inner');
    expect(typeOf('http://a.b/c/Name', { stripNamespaces })).toBe('Name');
    expect(typeOf('Lokad.SaaS/UserLocked', { stripNamespaces })).toBe('Lokad.SaaS/UserLocked');
    expect(typeOf('Lokad', { stripNamespaces })).toBe('Lokad');
  });

  test('The type of an event is what the mapping says for the whole contract name', () => {
    const changed = { typeMap: { 'Lokad/Old': 'Lokad/New', Old: 'Other', $bad: 'good' }, stripNamespaces: ['Lokad'] };
    expect(typeOf('Lokad/Old', changed)).toBe('Lokad/New');
    expect(typeOf('$bad', changed)).toBe('good');
    expect(typeOf('Lokad/toString', changed)).toBe('toString');
  });

  test('The type of an event stays right however many contract names there are, and however long they are', () => {
    const names = Array.from({ length: 10_000 }, (_, n) => `Name${n}`);
    const long = 'n'.repeat(5000);
    const types = [...names, ...names, long, long].flatMap((name) => convert(recordOf(message(name))));
    expect(types.map(({ type }) => type)).toEqual([...names, ...names, long, long]);
  });
});

describe('a message that cannot become an event', () => {
  test.each<[string, string | Buffer, Partial<ConvertOptions>, string, string]>([
    ['an empty name', '', {}, '', 'is empty'],
    ['a name that the namespace leaves empty', 'Lokad/', { stripNamespaces: ['Lokad'] }, 'Lokad/', 'is empty'],
    ['a name mapped to nothing', 'A', { typeMap: { A: '' } }, 'A', 'is empty'],
    ['a name that starts with $', '$metadata', {}, '$metadata', 'starts with $'],
    [
      'a name that starts with $ without its namespace',
      'Lokad/$>',
      { stripNamespaces: ['Lokad'] },
      'Lokad/$>',
      'starts with $',
    ],
    ['a name that is not UTF-8', Buffer.from([0x41, 0xff]), {}, 'hex:41ff', 'is not UTF-8'],
    ['a name that holds a surrogate', Buffer.from([0xed, 0xa0, 0x80]), {}, 'hex:eda080', 'is not UTF-8'],
  ])(
    'A message that cannot become an event is refused with its position, index and type: %s',
    (_, contract, changed, type, reason) => {
      const record = recordOf(message('A/fine'), message(contract));
      for (let time = 0; time < 2; time += 1) {
        expect(() => convertUnder(changed)(record)).toThrow(
          expect.objectContaining({
            kind: 'Unconvertible',
            message: expect.stringMatching(/^Message 1 of the record at position 1234 .*offset 27385/) as string,
            facts: expect.objectContaining({ position: 1234, index: 1, type, reason, key: 'customer-12' }) as object,
          }) as Failure,
        );
      }
    },
  );

  test('A message that cannot become an event is shown with no more than the beginning of its name and its key', () => {
    expect(() => convert(recordOf(message(`$${'x'.repeat(100_000)}`)))).toThrow(/^.{0,400}$/);
    const facts = expect.objectContaining({ key: `${'k'.repeat(197)}...` }) as unknown;
    const record = { ...recordOf(message('$x')), key: 'k'.repeat(32_000) };
    expect(() => convert(record)).toThrow(expect.objectContaining({ facts }));
  });

  test('A message is refused when its position does not fit into an event id', () => {
    expect(() => convert(sourceRecord({ position: 2 ** 48 }))).toThrow(
      expect.objectContaining({ kind: 'Unconvertible' }) as Failure,
    );
    expect(convert(sourceRecord({ position: 2 ** 48 - 1 }))).toHaveLength(1);
  });
});
