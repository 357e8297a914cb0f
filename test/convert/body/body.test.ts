import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convertBody, isJson } from '../../../src/convert/body/body.js';
import { formatBody, type Newline } from '../../../src/convert/body/jsvFormat.js';
import { serviceStackJson } from './serviceStackJson.js';
import { storedBodies } from '../storeLines.js';

const binary = 'application/octet-stream';
const json = 'application/json';

const utf8 = (text: string) => Buffer.from(text, 'utf8');

/** What the platform's own strict decoder and parser say. */
function parses(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

describe('a body that is valid JSON', () => {
  test.each([
    '{"n":9007199254740993,"d":1.10,"z":-0,"e":1e400}',
    '\r\n{\r\n\t"a": 1\r\n}\r\n',
    '{"b":1,"a":2,"10":3,"b":4}',
    '{"lone":"\\uD800","line":"\u2028"}',
    ' "text" ',
    '12',
    'null',
    '[true,false]',
  ])('A body that is valid JSON keeps its bytes: %j', (text) => {
    for (const mode of ['auto', 'raw'] as const) {
      const stored = utf8(text);
      const body = convertBody(stored, mode);
      expect(body).toEqual({ contentType: json, data: stored });
      expect(body.data).toBe(stored);
    }
  });
});

describe('a body that is not JSON', () => {
  test.each<[string, Buffer]>([
    ['an empty body', Buffer.alloc(0)],
    ['blanks', utf8('\r\n \t')],
    ['a line break in a string that no formatter put there', utf8('{"text":"line1\nline2"}')],
    ['the same with newlines around it', utf8('\n{"text":"line1\nline2"}\n')],
    ['a protobuf message that starts 0A 0A', Buffer.from('0a0a68656c6c6f20776f726c2a05', 'hex')],
    ['a protobuf message with text in braces', Buffer.from('0a067b22612c227d', 'hex')],
    ['a byte order mark', utf8('\ufeff{"a":1}')],
    ['bytes that are not UTF-8', Buffer.from('7b2261223a22ff227d', 'hex')],
    ['formatted text that is no JSON before formatting either', formatBody(utf8('{a,b}'), '\n') as Buffer],
    ['a formatted body cut short', utf8('\n{\n\t"a": "x,\n\ty"\n}')],
    ['a formatted body with one tab too many', utf8('\n{\n\t"a": "x,\n\t\ty"\n}\n')],
    ['a formatted body with mixed newlines', utf8('\r\n{\r\n\t"a": "x,\n\ty"\r\n}\r\n')],
    ['a formatted body with another newline at its beginning', utf8('\n{\r\n\t"a": "x,\r\n\ty"\r\n}\r\n')],
    ['a formatted body with another newline at its end', utf8('\r\n{\r\n\t"a": "x,\r\n\ty"\r\n}\n')],
    ['a formatted body whose newlines are carriage returns', utf8('\r{\r\t"a": "x,\r\ty"\r}\r')],
  ])('A body that is not JSON keeps its bytes, as binary: %s', (_, stored) => {
    const body = convertBody(stored, 'auto');
    expect(body).toEqual({ contentType: binary, data: stored });
    expect(body.data).toBe(stored);
  });

  test('A body that is not JSON is not taken for something formatted when formatting would print without end', () => {
    const stored = utf8(`\n${'['.repeat(200_000)}"\t"${']'.repeat(200_000)}\n`);
    expect(convertBody(stored, 'auto').contentType).toBe(binary);
  });
});

describe('a body that the formatter broke', () => {
  test.each<Newline>(['\r\n', '\n'])(
    'A body that the formatter broke gets its JSON text back (newline %j)',
    (newline) => {
      const text = '{"a":"x,y: {z}","n":9007199254740993,"t":"tab\\tline\\n"}';
      const stored = formatBody(utf8(text), newline) as Buffer;
      expect(parses(stored)).toBe(false);
      const body = convertBody(stored, 'auto');
      expect(body).toMatchObject({ contentType: json, reformatted: newline });
      expect(Buffer.from(body.data).toString()).toBe(text);
    },
  );

  test('A body that the formatter broke is left alone in mode raw', () => {
    const stored = formatBody(utf8('{"a":"x,y"}'), '\n') as Buffer;
    expect(convertBody(stored, 'raw')).toEqual({ contentType: binary, data: stored });
  });

  test.each([
    ['v3-small-json-crlf', 'expected.ndjson'],
    ['v3-multi-json-crlf', 'expected.ndjson'],
    ['v3-audit-func-file', 'expected-with-audit.ndjson'],
  ])(
    'A body that the formatter broke gets back what the original code gave to the formatter: %s',
    async (store, file) => {
      const seen = new Set<boolean>();
      for (const { at, stored, json: text } of await storedBodies(store, file)) {
        const body = convertBody(stored, 'auto');
        expect(body.contentType, at).toBe(json);
        expect(body.reformatted, at).toBe(parses(stored) ? undefined : '\r\n');
        expect(Buffer.from(body.data).equals(body.reformatted ? text : stored), at).toBe(true);
        seen.add(body.reformatted !== undefined);
      }
      expect([...seen].sort()).toEqual([false, true]);
    },
  );

  test('Every protobuf body of a store is left alone', async () => {
    for (const { at, stored } of await storedBodies('v3-small-proto')) {
      const { data, ...rest } = convertBody(stored, 'auto');
      expect(rest, at).toEqual({ contentType: binary });
      expect(data, at).toBe(stored);
    }
  });
});

describe('the decision', () => {
  const newlines = fc.constantFrom<Newline>('\r\n', '\n');
  const formatted = fc
    .tuple(serviceStackJson, newlines)
    .map(([text, newline]) => formatBody(utf8(text), newline) as Uint8Array);
  const damaged = fc
    .tuple(formatted, fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([bytes, at, byte]) => Uint8Array.from(bytes).fill(byte, at % bytes.length, (at % bytes.length) + 1));
  const alphabet = fc.array(fc.constantFrom(...'{}[],: "\\\r\n\t1eé'), { maxLength: 40 });
  const jsonLike = alphabet.map((parts) => utf8(`\n${parts.join('')}\n`));
  const bodies = fc.oneof(fc.uint8Array({ maxLength: 60 }), formatted, damaged, jsonLike);

  test('Unformatting loses nothing, whatever the bytes: it keeps them, or formatting gives them back', () => {
    fc.assert(
      fc.property(bodies, (stored) => {
        const { data, reformatted, contentType } = convertBody(stored, 'auto');
        expect(contentType).toBe(parses(data) ? json : binary);
        if (!reformatted) {
          expect(data).toBe(stored);
          return;
        }
        expect(Buffer.from(stored).equals(formatBody(data, reformatted) ?? Buffer.alloc(0))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('A body whose line breaks are not all the same is kept as it is', () => {
    fc.assert(
      fc.property(formatted, fc.nat(), (bytes, nth) => {
        const breaks = Buffer.from(bytes)
          .toString('latin1')
          .split(/(\r?\n)/);
        const at = 1 + 2 * (nth % ((breaks.length - 1) / 2));
        breaks[at] = breaks[at] === '\n' ? '\r\n' : '\n';
        const stored = Buffer.from(breaks.join(''), 'latin1');
        expect(convertBody(stored, 'auto')).toEqual({ contentType: parses(stored) ? json : binary, data: stored });
      }),
      { numRuns: 1000 },
    );
  });

  test('Unformatting gives back every JSON text that ServiceStack wrote, unless what is stored is valid JSON', () => {
    fc.assert(
      fc.property(serviceStackJson, newlines, (text, newline) => {
        const stored = formatBody(utf8(text), newline) as Buffer;
        const body = convertBody(stored, 'auto');
        expect(body.contentType).toBe(json);
        expect(Buffer.from(body.data).toString()).toBe(parses(stored) ? stored.toString() : text);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the check for JSON', () => {
  test('The check for JSON agrees with a strict decoder and parser', () => {
    const lead = fc.constantFrom('', ' ', '\n', '\ufeff');
    const text = fc.oneof(
      fc.json(),
      fc.tuple(lead, fc.json()).map((parts) => parts.join('')),
      fc.array(fc.constantFrom(...'{}[],:"\\ntrue0-.e+ é\u007f\u0085\u2028'), { maxLength: 12 }).map((p) => p.join('')),
    );
    const bytes = fc.oneof(text.map(utf8), fc.uint8Array({ maxLength: 8 }));
    fc.assert(
      fc.property(bytes, (given) => {
        expect(isJson(given)).toBe(parses(given));
      }),
      { numRuns: 5000 },
    );
  });
});
