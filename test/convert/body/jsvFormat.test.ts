import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBody, unformatBody, type Newline } from '../../../src/convert/body/jsvFormat.js';
import { serviceStackJson } from './serviceStackJson.js';
import { storedBodies } from '../storeLines.js';

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('utf8');
const formatted = (json: string, newline: Newline = '\n') => text(formatBody(Buffer.from(json), newline));
const unformatted = (body: string) => text(unformatBody(Buffer.from(body))?.json);

const stores: [store: string, expected: string, messages: number][] = [
  ['v3-small-json-crlf', 'expected.ndjson', 77],
  ['v3-small-json-crlf-pageblob', 'expected.ndjson', 77],
  ['v3-multi-json-crlf', 'expected.ndjson', 1356],
  ['v3-audit-func-file', 'expected-with-audit.ndjson', 120],
];

describe('the formatter', () => {
  test.each(stores)(
    'The formatter of the original code prints every body of %s as the original code stored it',
    async (store, file, messages) => {
      const bodies = await storedBodies(store, file);
      expect(bodies).toHaveLength(messages);
      for (const { at, stored, json } of bodies) {
        expect(text(formatBody(json, '\r\n')), at).toBe(text(stored));
      }
    },
  );

  test('The formatter of the original code puts newlines and tabs around brackets and behind commas, and a space behind a first colon', () => {
    expect(formatted('{"a":{"b":[1,2]},"c":3}')).toBe(
      '\n{\n\t"a": \n\t{\n\t\t"b": \n\t\t[\n\t\t\t1,\n\t\t\t2\n\t\t]\n\t},\n\t"c": 3\n}\n',
    );
  });

  test('The formatter of the original code breaks lines inside strings too', () => {
    expect(formatted('{"a":"x:y,z:{w}"}')).toBe('\n{\n\t"a": "x:y,\n\tz: \n\t{\n\t\tw\n\t}"\n}\n');
  });

  test('The formatter of the original code keeps an empty object or list behind a colon together, and forgets no colon over it', () => {
    expect(formatted('{"a":{},"b":[]}')).toBe('\n{\n\t"a": {},\n\t"b": []\n}\n');
    expect(formatted('{"a":[]:b}')).toBe('\n{\n\t"a": []:b\n}\n');
    expect(formatted('[[]]')).toBe('\n[\n\t[\n\t\t\n\t]\n]\n');
  });

  test('The formatter of the original code indents by nothing where more is closed than was opened', () => {
    expect(formatted('}}{')).toBe('\n\n}\n}{\n\n');
  });

  test('The formatter of the original code gives up rather than print more than the limit, however deep the text nests', () => {
    const deep = Buffer.from('['.repeat(1_000_000));
    expect(formatBody(deep, '\n', 1000)).toBeUndefined();
    expect(formatBody(Buffer.from('{}'), '\n', 7)).toHaveLength(7);
    expect(formatBody(Buffer.from('{}'), '\n', 6)).toBeUndefined();
  });
});

describe('its inverse', () => {
  test.each(stores)(
    'The inverse of the formatter gives the JSON text of every body of %s as it was before',
    async (store, file, messages) => {
      const bodies = await storedBodies(store, file);
      expect(bodies).toHaveLength(messages);
      for (const { at, stored, json } of bodies) {
        expect(text(unformatBody(stored)?.json), at).toBe(text(json));
      }
    },
  );

  test.each<Newline>(['\r\n', '\n'])(
    'The inverse of the formatter undoes the formatter on any JSON that ServiceStack writes (newline %j)',
    (newline) => {
      fc.assert(
        fc.property(serviceStackJson, (json) => {
          const body = formatBody(Buffer.from(json), newline) ?? Buffer.alloc(0);
          const back = unformatBody(body);
          expect(text(back?.json)).toBe(json);
          expect(back?.newline).toBe(newline);
        }),
        { numRuns: 500 },
      );
    },
  );

  test('The inverse of the formatter undoes it on any bytes without CR, LF and TAB', () => {
    const byte = fc.oneof(fc.constantFrom(...Buffer.from('{}[],: "\\')), fc.integer({ min: 14, max: 255 }));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (bytes) => {
        const json = Buffer.from(bytes);
        const body = formatBody(json, '\n') ?? Buffer.alloc(0);
        expect(Buffer.from(unformatBody(body)?.json ?? []).equals(json)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('The inverse of the formatter leaves a space that the formatter did not put there', () => {
    expect(unformatted('\n{\n\t"a":  1,\n\t"b": "c: d"\n}\n')).toBe('{"a": 1,"b":"c: d"}');
  });

  test('The inverse of the formatter answers only bodies that start with a newline', () => {
    expect(unformatBody(Buffer.from('{}'))).toBeUndefined();
    expect(unformatBody(Buffer.from('\r{}'))).toBeUndefined();
    expect(unformatBody(Buffer.alloc(0))).toBeUndefined();
  });
});
