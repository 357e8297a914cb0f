import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { SourceRecord } from '../../../src/core/record.js';
import { maxFrameBytes, parseFrame, ParsedFrame, type FrameVariant } from '../../../src/source/lokad/frame.js';
import { toRecord } from '../../../src/source/lokad/record.js';
import { frameOf, type TapeRecord } from '../../support/stores/tapeWriter.js';

const varintFrame = Buffer.from(
  '010000000000000003753a3718000103532f45110d0a7b0d0a09224e223a20310d0a7d0d0addefc23e98269e31058218b7f9f905e3a9d9002a',
  'hex',
);
const auditFrame = Buffer.from(
  '01000000000000000561756469743102026964036162630375' +
    '74631c323031332d31302d31335432303a30353a31342e303030303030305a0103532f43027b7d' +
    'dae857fe1e82d943e7f4fee8ddffb633931f4fbd',
  'hex',
);
const int32Frame = Buffer.from(
  '01000000000000000b637573746f6d65722d31320500000068656c6c6fd8eca39bdc5d4df6a6f3da92f995d9d7aafa6916',
  'hex',
);
const variants: readonly FrameVariant[] = ['varint', 'int32'];

function recordAt(bytes: Buffer, start: number, variant: FrameVariant): SourceRecord | string {
  const frame = new ParsedFrame();
  const state = parseFrame(bytes, start, variant, frame);
  if (state !== 'valid') return state;
  return toRecord(bytes, start, frame, { chunk: 'c', bufferAt: 0, position: 1, returnTo: undefined });
}

describe('a frame', () => {
  test('A varint frame is read', () => {
    expect(recordAt(varintFrame, 0, 'varint')).toMatchObject({
      key: 'u:7',
      stamp: 1n,
      frameBytes: 57,
      payload: {
        kind: 'batch',
        attributes: [],
        messages: [{ contract: Buffer.from('S/E'), body: Buffer.from('\r\n{\r\n\t"N": 1\r\n}\r\n') }],
      },
      sha1: Buffer.from('ddefc23e98269e31058218b7f9f905e3a9d9002a', 'hex'),
    });
  });

  test('A frame with attributes is read', () => {
    expect(recordAt(auditFrame, 0, 'varint')).toMatchObject({
      key: 'audit',
      frameBytes: 84,
      payload: {
        kind: 'batch',
        attributes: [
          ['id', 'abc'],
          ['utc', '2013-10-13T20:05:14.0000000Z'],
        ],
        messages: [{ contract: Buffer.from('S/C'), body: Buffer.from('{}') }],
      },
    });
  });

  test('An int32 frame is read', () => {
    expect(recordAt(int32Frame, 0, 'int32')).toMatchObject({
      key: 'customer-12',
      frameBytes: 49,
      payload: { kind: 'opaque', bytes: Buffer.from('hello') },
    });
  });

  test('A frame of the other variant is none: its hash does not agree', () => {
    expect(recordAt(int32Frame, 0, 'varint')).not.toBeTypeOf('object');
    expect(recordAt(varintFrame, 0, 'int32')).not.toBeTypeOf('object');
  });

  test('The stamp of a frame is signed', () => {
    expect(recordAt(frameOf({ stamp: -1n }), 0, 'varint')).toMatchObject({ stamp: -1n });
  });

  test('A frame whose key is not UTF-8 shows it in hex', () => {
    expect(recordAt(frameOf({ key: Buffer.from([0xff, 0x41]) }), 0, 'varint')).toMatchObject({ key: 'hex:ff41' });
    expect(recordAt(frameOf({ key: 'a\ufffdb' }), 0, 'varint')).toMatchObject({ key: 'a\ufffdb' });
  });

  test('A frame may have an empty key and an empty payload', () => {
    const empty = frameOf({ stamp: 3n, key: '', payload: Buffer.alloc(0) });
    expect(recordAt(empty, 0, 'varint')).toMatchObject({ key: '', payload: { kind: 'opaque' } });
  });

  test.each(variants)('Zeros are a blank frame (%s)', (variant) => {
    expect(recordAt(Buffer.alloc(40), 0, variant)).toBe('blank');
    expect(recordAt(Buffer.alloc(29), 0, variant)).toBe('incomplete');
  });

  test.each(variants)('A frame that claims to be too large is refused without being read (%s)', (variant) => {
    const claimed = maxFrameBytes + 1;
    const length = variant === 'int32' ? Buffer.alloc(4) : Buffer.from([0x81, 0x80, 0x80, 0x08]);
    if (variant === 'int32') length.writeInt32LE(claimed);
    const start = Buffer.concat([Buffer.from('01000000000000000161', 'hex'), length]);
    const frame = new ParsedFrame();
    expect(parseFrame(start, 0, variant, frame)).toBe('invalid');
    expect(frame.tooLarge).toBe(true);
    expect(frame.reason).toMatch(/over the limit/);
  });

  test.each(variants)('A frame with a key that is too large is refused without being read (%s)', (variant) => {
    const frame = new ParsedFrame();
    const start = Buffer.from('01000000000000008180800861', 'hex'); // a key of 16 MiB and one byte
    expect(parseFrame(start, 0, variant, frame)).toBe('invalid');
    expect(frame.tooLarge).toBe(true);
  });

  test('A frame with a negative or endless length is invalid', () => {
    const key = '010000000000000001 61'.replaceAll(' ', '');
    const negative = Buffer.from(`${key}ffffffff`, 'hex');
    expect(recordAt(negative, 0, 'int32')).toBe('invalid');
    expect(recordAt(Buffer.from(`${key}ffffffff0f`, 'hex'), 0, 'varint')).toBe('invalid');
    expect(recordAt(Buffer.from(`${key}808080808000`, 'hex'), 0, 'varint')).toBe('invalid');
  });
});

const recordArbitrary: fc.Arbitrary<TapeRecord> = fc.record({
  stamp: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  key: fc.string({ unit: 'grapheme', maxLength: 60 }),
  attributes: fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), { maxLength: 3 }),
  messages: fc.array(
    fc.tuple(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
      fc.uint8Array({ maxLength: 400 }).map((body) => Buffer.from(body)),
    ),
    { maxLength: 5 },
  ),
});
const variantArbitrary = fc.constantFrom(...variants);

describe('any record', () => {
  test('Any record that was written is read back, wherever it stands', () => {
    fc.assert(
      fc.property(recordArbitrary, variantArbitrary, fc.uint8Array({ maxLength: 40 }), (record, variant, before) => {
        const bytes = Buffer.concat([before, frameOf(record, variant), Buffer.alloc(7)]);
        const read = recordAt(bytes, before.length, variant);
        expect(read).toMatchObject({ key: record.key, stamp: record.stamp, offset: before.length });
        const { payload } = read as SourceRecord;
        if (payload.kind !== 'batch') throw new Error('not read as a batch');
        expect(payload.attributes).toEqual(record.attributes);
        expect(
          Array.from(payload.messages, ({ contract, body }) => [Buffer.from(contract).toString('utf8'), body]),
        ).toEqual(record.messages);
      }),
    );
  });

  test('Any record that is cut short is never a record, and says how much it takes', () => {
    fc.assert(
      fc.property(recordArbitrary, variantArbitrary, fc.nat(), (record, variant, cut) => {
        const whole = frameOf(record, variant);
        const bytes = Buffer.from(whole.subarray(0, cut % whole.length));
        const frame = new ParsedFrame();
        expect(parseFrame(bytes, 0, variant, frame)).toBe('incomplete');
        expect(frame.end).toBeGreaterThan(bytes.length);
        expect(frame.end).toBeLessThanOrEqual(whole.length);
      }),
    );
  });

  test('Any record with one bit changed is never a record', () => {
    fc.assert(
      fc.property(recordArbitrary, variantArbitrary, fc.nat(), fc.nat(7), (record, variant, at, bit) => {
        const bytes = frameOf(record, variant);
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        expect(recordAt(Buffer.concat([bytes, Buffer.alloc(64)]), 0, variant)).toBeTypeOf('string');
      }),
      { numRuns: 1000 },
    );
  });

  test('Random bytes hold no record', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), variantArbitrary, (bytes, variant) => {
        expect(recordAt(Buffer.from(bytes), 0, variant)).toBeTypeOf('string');
      }),
      { numRuns: 2000 },
    );
  });
});
