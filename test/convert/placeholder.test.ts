import { describe, expect, test } from 'vitest';
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
});
