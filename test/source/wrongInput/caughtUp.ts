import type { ContainerClient } from '@azure/storage-blob';
import { expect } from 'vitest';
import type { Cursor } from '../../../src/core/cursor.js';
import type { Source } from '../../../src/source/source.js';
import { FakeClock } from '../../support/fakeClock.js';
import { RecordingLogger } from '../../support/recordingLogger.js';
import { freshContainer, uploadStore } from '../../support/stores/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';
import { threeChunks } from '../tapeChunks.js';

/** A container of three chunks of ten records each. */
export async function threeChunkStore(): Promise<ContainerClient> {
  const container = await freshContainer();
  await uploadStore(container, threeChunks, 'block');
  return container;
}

/** A source that lists everything at each poll, and what it gave up to the head. */
export async function caughtUp(container: ContainerClient, onDamage: 'stop' | 'skip' = 'stop') {
  const clock = FakeClock.flowing();
  const logger = new RecordingLogger();
  const source = openTapes(container, { clock, logger, listAllSeconds: 60, onDamage });
  const { cursor, records, thrown } = await readAll(source);
  expect(thrown).toBeUndefined();
  return { clock, logger, source, cursor, records };
}

/** The stop that reading or polling from a cursor ends in, in this process and in another. */
export async function stopsOf(container: ContainerClient, source: Source, clock: FakeClock, cursor: Cursor) {
  clock.advance(60_000);
  const polled: unknown = await source.poll(cursor, never).catch((thrown: unknown) => thrown);
  const again = await readAll(openTapes(container), JSON.parse(JSON.stringify(cursor)) as Cursor);
  expect(again.records).toEqual([]);
  return [polled, again.thrown];
}
