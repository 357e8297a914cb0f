import type { SourceMessage, SourceRecord } from '../../src/core/record.js';

const bytes = (content: string | Uint8Array) => (typeof content === 'string' ? Buffer.from(content, 'utf8') : content);

/** A message by its contract name and body; text is taken as UTF-8. */
export function message(contract: string | Uint8Array, body: string | Uint8Array = '{}'): SourceMessage {
  return { contract: bytes(contract), body: bytes(body) };
}

/** The record of an ordinary frame, with some of it changed. */
export function sourceRecord(changed: Partial<SourceRecord> = {}): SourceRecord {
  return {
    position: 1234,
    key: 'customer-12',
    stamp: 7n,
    payload: { kind: 'batch', attributes: [], messages: [message('Lokad.SaaS/UserLocked', '{"a":1}')] },
    chunk: '00000061-2013-10-18-091001.dat',
    offset: 27_385,
    frameBytes: 57,
    sha1: Buffer.from('ddefc23e98269e31058218b7f9f905e3a9d9002a', 'hex'),
    ...changed,
  };
}
