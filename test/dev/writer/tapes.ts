import type { ContainerClient } from '@azure/storage-blob';

import { findFrame } from '../../../dev/writer/tapeFrame.js';
import type { FoundFrame } from '../../../dev/writer/tapeFrame.js';

/** A chunk as it is in the container: its valid frames with their offsets, and what is behind them. */
export interface Tape {
  readonly name: string;
  readonly bytes: Buffer;
  readonly frames: readonly (FoundFrame & { readonly offset: number })[];
  readonly tail: Buffer;
}

/** All blobs of a container, in the order of their names. */
export async function tapesIn(container: ContainerClient): Promise<Tape[]> {
  const tapes: Tape[] = [];
  for await (const { name } of container.listBlobsFlat()) {
    const bytes = await container.getBlobClient(name).downloadToBuffer();
    const frames: (FoundFrame & { offset: number })[] = [];
    let offset = 0;
    for (let frame = findFrame(bytes, 0); frame !== undefined; frame = findFrame(bytes, offset)) {
      frames.push({ ...frame, offset });
      offset = frame.end;
    }
    tapes.push({ name, bytes, frames, tail: bytes.subarray(offset) });
  }
  return tapes.sort((one, other) => (one.name < other.name ? -1 : 1));
}
