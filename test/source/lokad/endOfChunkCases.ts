import type { ContainerClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import { BlobReader } from '../../../src/source/reading/blobReader.js';
import { maxFrameBytes } from '../../../src/source/lokad/frame.js';
import { examineRest } from '../../../src/source/lokad/endOfChunk.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { never } from '../openTapes.js';

export const chunk = '00000000-2013-10-15-093000.dat';
export const garbage = Buffer.from('no frame');
export const frames = tapeOf(numberedRecords(1, 3));
/** More than is read at once, which is two of the largest frames. */
const chunkBytes = 3 * maxFrameBytes;

/** A chunk of zeros with a page of something at its start and two at its end. */
export interface LongChunk {
  readonly chunk: string;
  readonly bytes: number;
  readonly start: Buffer;
  readonly end: Buffer;
  /** Called at each read with how much is asked for, before it is answered; may write pages at the start. */
  readonly onRead?: (count: number, write: (pages: Buffer) => Promise<void>) => Promise<void> | void;
}

export type Storage = (chunk: LongChunk) => Promise<ContainerClient> | ContainerClient;

function pages(bytes: Buffer, count = 1): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(count * 512 - bytes.length)]);
}

/** The verdict without the bytes that it is about: they are megabytes, too many to be shown by a test that fails. */
export async function examine(container: ContainerClient) {
  const reader = new BlobReader(container);
  const rest = await examineRest(reader, { chunk, offset: 0, variant: 'varint', behindTooLarge: false }, never);
  return rest && { kind: rest.kind, strayBytes: rest.strayBytes, nextFrameAt: rest.nextFrameAt };
}

/** Tests of chunks of 48 MiB in some storage; without those whose verdict is `torn` or `clean` where these take too long. */
export function testRests(where: string, storage: Storage, { all }: { readonly all: boolean }): void {
  const longChunk = (start: Buffer, end: Buffer, onRead?: LongChunk['onRead']) =>
    storage({ chunk, bytes: chunkBytes, start: pages(start), end: pages(end, 2), ...(onRead && { onRead }) });

  describe(`the rest of a chunk in ${where}`, () => {
    test('The rest of a chunk is corrupt when a valid frame follows a bad one, however far behind it', async () => {
      expect(await examine(await longChunk(garbage, frames))).toMatchObject({
        kind: 'corrupt',
        nextFrameAt: chunkBytes - 1024,
        strayBytes: chunkBytes - 1024,
      });
    });

    if (all) {
      test('The rest of a chunk is torn when nothing valid follows, up to the last byte that is not zero', async () => {
        expect(await examine(await longChunk(garbage, garbage))).toMatchObject({
          kind: 'torn',
          strayBytes: chunkBytes - 1024 + garbage.length,
        });
      });

      test('The rest of a chunk is clean when only zeros follow, however many', async () => {
        const container = await longChunk(Buffer.alloc(0), Buffer.alloc(0));
        expect(await examine(container)).toMatchObject({ kind: 'clean', strayBytes: 0 });
      });
    }

    test('The rest of a chunk is not clean when a frame is written while it is read', async () => {
      let windows = 0;
      const container = await longChunk(Buffer.alloc(0), Buffer.alloc(0), async (count, write) => {
        if (count > maxFrameBytes && ++windows === 2) await write(pages(frames));
      });
      expect(await examine(container)).toBeUndefined();
      expect(windows).toBeGreaterThan(2);
    });
  });
}
