import type { ContainerClient } from '@azure/storage-blob';

import { beginning, type Cursor } from '../../src/core/cursor.js';
import type { Mark } from '../../src/core/mark.js';
import type { SourceRecord } from '../../src/core/record.js';
import { lokadTapes } from '../../src/source/lokadTapes.js';
import type { Source } from '../../src/source/source.js';
import type { TapeOptions } from '../../src/source/tapes.js';
import { silentLogger } from '../../src/core/logger.js';
import { FakeClock } from '../support/fakeClock.js';

export const never = new AbortController().signal;

/** A source with the usual settings, but for torn frames, which settle at once. No time passes for it. */
export function openTapes(container: ContainerClient, options: Partial<TapeOptions> = {}) {
  return lokadTapes({
    container,
    readRecords: 10_000,
    settleSeconds: 0,
    listAllSeconds: 300,
    onDamage: 'stop',
    clock: new FakeClock(),
    logger: silentLogger,
    ...options,
  });
}

export interface ReadResult {
  readonly records: SourceRecord[];
  readonly cursor: Cursor;
  /** What ended the reading, when it was not the head. */
  readonly thrown: unknown;
}

/** Reads to the head or to what stops it. */
export async function readAll(source: Source, from: Cursor = beginning): Promise<ReadResult> {
  const records: SourceRecord[] = [];
  let cursor = from;
  try {
    for await (const batch of source.read(from, never)) {
      records.push(...batch.records);
      cursor = batch.cursor;
    }
  } catch (thrown) {
    return { records, cursor, thrown };
  }
  return { records, cursor, thrown: undefined };
}

/** The mark of a record's event. */
export function markOf(record: SourceRecord | undefined): Mark {
  if (!record) throw new Error('there is no such record');
  const { position, key, chunk, offset, returnTo } = record;
  const sha1 = Buffer.from(record.sha1).toString('hex').slice(0, 16);
  return {
    ...{ v: 1, source: 's', position, index: 0, count: 1, key, sha1, chunk, offset, settings: '00000000' },
    ...(returnTo && { returnTo }),
  };
}
