import { describe, expect, test } from 'vitest';
import { appendBytes } from '../../src/config/settings.js';
import { parseMark } from '../../src/convert/eventIdAndMark.js';
import { createPlaceholder } from '../../src/convert/placeholder.js';
import { noEvent } from '../../src/core/mark.js';
import { message, sourceRecord } from './sourceRecord.js';

const placeholder = createPlaceholder('billing', '89abcdef');
const refusal = { kind: 'Unconvertible', message: 'its type is empty' };
const attributes = [['user', 'a"b']] as const;
const payload = { kind: 'batch', attributes, messages: [message('A/B'), message('C/D')] } as const;
const mark =
  '"position":1234,"index":1,"count":2,"key":"customer-12","stamp":7,"sha1":"ddefc23e98269e31",' +
  '"chunk":"00000061-2013-10-18-091001.dat","offset":27385,"settings":"89abcdef"';

describe('A placeholder', () => {
  test('A placeholder keeps the bytes of its mark and its id, since streams hold them already', () => {
    const { id, metadata } = placeholder(sourceRecord({ payload }), 1, refusal);
    expect(id).toBe('d17a05d2-79e8-8000-8001-0000000004d2');
    expect(Buffer.from(metadata).toString()).toBe(
      `{"eventferry":{"v":2,"after":"${noEvent}","source":"billing",${mark},"quarantined":true},"attributes":[]}`,
    );
  });

  test('A placeholder says that it is one after the place to which reading returns', () => {
    const returnTo = { chunk: '"quoted"', offset: 12, sha1: 'ab' };
    const { metadata } = placeholder(sourceRecord({ payload, returnTo }), 1, refusal);
    expect(Buffer.from(metadata).toString()).toBe(
      `{"eventferry":{"v":2,"after":"${noEvent}","source":"billing",${mark},"returnTo":${JSON.stringify(returnTo)},"quarantined":true},` +
        '"attributes":[]}',
    );
  });

  test('A placeholder is small whatever its record holds, and the key and the attributes are kept whole', () => {
    const long = 'x'.repeat(100_000);
    const record = sourceRecord({
      key: long,
      payload: { kind: 'batch', attributes: [[long, long]], messages: [message(long, long)] },
    });
    const { data, metadata, type, mark, setAside } = placeholder(record, 0, { ...refusal, message: long });
    expect(data.length + metadata.length + 2 * type.length).toBeLessThan(appendBytes.least);
    expect(parseMark(metadata)).toEqual(mark);
    expect(mark).toMatchObject({ key: `${'x'.repeat(997)}...`, keyCut: true });
    expect(setAside).toMatchObject({ key: long, attributes: [[long, long]] });
  });

  test('A placeholder says that its key is cut only where it is: at 1,001 characters, not at 1,000', () => {
    const endOf = (length: number) =>
      Buffer.from(placeholder(sourceRecord({ key: 'k'.repeat(length) }), 0, refusal).metadata).toString();
    expect(endOf(1_000)).toMatch(/"settings":"89abcdef","quarantined":true},"attributes":\[\]}$/);
    expect(endOf(1_001)).toMatch(/,"quarantined":true,"keyCut":true},"attributes":\[\]}$/);
  });
});
