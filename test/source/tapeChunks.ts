import type { ContainerClient } from '@azure/storage-blob';
import type { SourceRecord } from '../../src/core/record.js';
import { storageProxy } from '../support/faults/storageProxy.js';
import { azuriteConnectionString } from '../support/services/azurite.js';
import { numberedRecords, tapeOf } from '../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk } from '../support/stores/uploadStore.js';

export const first = '00000000-2013-10-15-093000.dat';
export const second = '00000010-2013-10-15-103000.dat';
export const third = '00000020-2013-10-15-113000.dat';

/** Three chunks of ten records each. */
export const threeChunks = [
  [first, tapeOf(numberedRecords(1, 10))],
  [second, tapeOf(numberedRecords(11, 20))],
  [third, tapeOf(numberedRecords(21, 30))],
] as const;

export const tapeBytes = 512 * 1024;

/** A page blob of zeros with these bytes at its start. */
export async function preallocate(container: ContainerClient, name: string, bytes: Buffer): Promise<void> {
  await uploadChunk(container, name, Buffer.concat([bytes, Buffer.alloc(tapeBytes - bytes.length)]), 'page');
}

/** A container, and the proxy that a source reads it through. */
export async function withProxy() {
  const container = await freshContainer();
  return { container, proxy: await storageProxy(container, azuriteConnectionString()) };
}

export function positions(records: readonly SourceRecord[]): number[] {
  return records.map(({ position }) => position);
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
