import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { SourceMessage } from '../../../src/core/record.js';
import { readPayload } from '../../../src/source/lokad/record.js';
import { batchOf } from '../../support/stores/tapeWriter.js';

function read(bytes: Buffer) {
  return readPayload(bytes, 0, bytes.length);
}

function opaque(bytes: Buffer) {
  return { kind: 'opaque', bytes };
}

const body = Buffer.from('{}');

describe('the payload of a frame', () => {
  test('The payload of a frame is a batch of messages with attributes', () => {
    const batch = batchOf({ attributes: [['id', 'é']], messages: [['A/B', body]] });
    expect(read(batch)).toEqual({
      kind: 'batch',
      attributes: [['id', 'é']],
      messages: [{ contract: Buffer.from('A/B'), body }],
    });
  });

  test('The payload of a frame may hold no message, and messages without a body', () => {
    expect(read(batchOf({}))).toEqual({ kind: 'batch', attributes: [], messages: [] });
    expect(read(batchOf({ messages: [['A', Buffer.alloc(0)]] }))).toMatchObject({ kind: 'batch' });
  });

  test('The payload of a frame with very many messages gives each of them when it is asked for', () => {
    const written = Array.from({ length: 5_000 }, (_, n) => [`Type${n}`, Buffer.from(`{"n":${n}}`)] as const);
    const payload = read(batchOf({ attributes: [['a', 'b']], messages: written }));
    if (payload.kind !== 'batch') throw new Error('the payload is no batch');
    const { messages } = payload;
    const shown = ({ contract, body }: SourceMessage) => [Buffer.from(contract).toString(), body];
    expect(Array.from(messages, shown)).toEqual(written);
    for (const index of [4_999, 4_999, 0, 17, 16, 3_000]) {
      expect(shown(messages.at(index) ?? expect.fail('there is no message'))).toEqual(written[index]);
    }
    expect([messages.length, messages.at(5_000)]).toEqual([5_000, undefined]);
    expect(messages.at(17)).not.toBe(messages.at(17));
  });

  test('The payload of a frame with very many messages is a batch only when the last of them is whole', () => {
    const batch = batchOf({ messages: Array.from({ length: 5_000 }, () => ['A', body] as const) });
    expect(read(batch.subarray(0, -1)).kind).toBe('opaque');
    expect(read(Buffer.concat([batch, Buffer.from([0])])).kind).toBe('opaque');
  });

  test('The payload of a frame keeps attributes whose names repeat or mean something elsewhere', () => {
    const attributes = [
      ['$correlationId', '1'],
      ['eventferry', '2'],
      ['eventferry', ''],
    ] as const;
    expect(read(batchOf({ attributes }))).toMatchObject({ attributes });
  });

  test('The payload of a frame keeps the bytes of a contract name that is not UTF-8', () => {
    expect(read(Buffer.from([0, 1, 2, 0xff, 0xfe, 0]))).toMatchObject({
      kind: 'batch',
      messages: [{ contract: Buffer.from([0xff, 0xfe]) }],
    });
  });

  test.each([
    ['a BinaryFormatter stream', Buffer.from('0001000000ffffffff01000000000000000b', 'hex')],
    ['nothing', Buffer.alloc(0)],
    ['a batch with a byte behind it', Buffer.concat([batchOf({ messages: [['A', body]] }), Buffer.from([0])])],
    ['a batch that is cut short', batchOf({ messages: [['A', body]] }).subarray(0, -1)],
    ['a batch with an empty contract name', batchOf({ messages: [['', body]] })],
    ['an attribute that is not UTF-8', Buffer.from([1, 1, 0xff, 0, 0])],
    ['a count that is no length', Buffer.from('80808080800000', 'hex')],
    ['a count that nothing can back', Buffer.from('00ffffff7f01410000', 'hex')],
    ['text', Buffer.from('hello')],
  ])('A payload that is %s is left as it is', (_, bytes) => {
    expect(read(bytes)).toEqual(opaque(bytes));
  });

  test('The payload of a frame is read inside its bounds, whatever stands around it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), (around, inside) => {
        const bytes = Buffer.concat([around, inside, around]);
        const payload = readPayload(bytes, around.length, around.length + inside.length);
        expect(payload).toEqual(read(Buffer.from(inside)));
      }),
    );
  });
});
