import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonWriter } from '../../../src/convert/body/jsonWriter.js';

const integers = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, 9, 10, -1, -10, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);
const strings = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());

describe('a writer of JSON', () => {
  test('A writer of JSON writes numbers, strings, hex and text as JSON.stringify would', () => {
    const writer = new JsonWriter();
    fc.assert(
      fc.property(integers, strings, fc.uint8Array({ maxLength: 40 }), fc.json(), (number, string, bytes, json) => {
        const comma = Buffer.from(',');
        writer.bytes(Buffer.from('[')).number(number).bytes(comma).string(string).bytes(Buffer.from(',"'));
        const written = writer
          .hex(bytes, bytes.length)
          .bytes(Buffer.from('",'))
          .text(json)
          .bytes(Buffer.from(']'))
          .take();
        const hex = Buffer.from(bytes).toString('hex');
        expect(written.toString()).toBe(`[${number},${JSON.stringify(string)},"${hex}",${json}]`);
      }),
      { numRuns: 1_000 },
    );
  });

  test('A writer of JSON never overwrites what was taken from it', () => {
    const writer = new JsonWriter();
    const texts = Array.from({ length: 3_000 }, (_, index) => `${index}`.padEnd((index * 37) % 300, 'x'));
    const taken = texts.map((text) => writer.string(text).take());
    expect(taken.map(String)).toEqual(texts.map((text) => JSON.stringify(text)));
  });

  test('A writer of JSON holds a text that is larger than its slabs, in the middle of another', () => {
    const writer = new JsonWriter();
    for (const size of [70_000, 1_000_000]) {
      const [key, value] = ['k'.repeat(size), 'ä'.repeat(size)];
      writer.bytes(Buffer.from('{')).string(key).bytes(Buffer.from(':')).string(value).bytes(Buffer.from('}'));
      expect(writer.take().toString()).toBe(JSON.stringify({ [key]: value }));
    }
  });
});
