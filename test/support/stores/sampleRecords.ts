import { createHash } from 'node:crypto';
import type { Mark } from '../../../src/core/mark.js';
import type { SourceRecord, TargetEvent } from '../../../src/core/record.js';

/** Records and events as source and convert make them, for tests of the code that takes them. */

const frameBytes = 100;

/** A record at `position` with one-byte messages, in a chunk where every frame has 100 bytes. */
export function sampleRecord(position: number, messages = 1): SourceRecord {
  return {
    position,
    key: `customer-${position % 7}`,
    stamp: BigInt(position),
    payload: {
      kind: 'batch',
      attributes: [],
      messages: Array.from({ length: messages }, () => ({ contract: Buffer.from('Sample'), body: Buffer.from('1') })),
    },
    chunk: '00000000-2012-09-10-080000.dat',
    offset: (position - 1) * frameBytes,
    frameBytes,
    sha1: createHash('sha1').update(String(position)).digest(),
  };
}

/** The events of a record, each with a body of `dataBytes`. */
export function sampleEvents(record: SourceRecord, count: number, dataBytes = 10): TargetEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const mark: Mark = {
      v: 1,
      source: 'sample',
      position: record.position,
      index,
      count,
      key: record.key,
      sha1: Buffer.from(record.sha1).toString('hex').slice(0, 16),
      chunk: record.chunk,
      offset: record.offset,
      settings: '00000000',
    };
    return {
      id: `00000000-0000-8000-8000-${(record.position * 1000 + index).toString(16).padStart(12, '0')}`,
      type: 'Sample',
      contentType: 'application/octet-stream',
      data: new Uint8Array(dataBytes),
      metadata: Buffer.from(JSON.stringify({ eventferry: mark })),
      mark,
    };
  });
}
