import type { ContainerClient } from '@azure/storage-blob';
import { encodeBatch } from '../../dev/writer/messageStore.js';
import { encodeFrame } from '../../dev/writer/tapeFrame.js';

/** The size of a chunk as Lokad.CQRS creates it. */
const chunkBytes = 512 * 1024;
const pageBytes = 512;
const uploadsAtOnce = 8;

export interface StoreShape {
  readonly events: number;
  /** Size of each event's body. */
  readonly bodyBytes: number;
}

/**
 * Fills a container with chunks as Lokad.CQRS writes them: page blobs of 512 KiB with one event a record. Each is cut
 * after its last frame, as the reader of Lokad.CQRS leaves it.
 *
 * @returns bytes of all frames
 */
export async function writeStore(container: ContainerClient, shape: StoreShape): Promise<number> {
  let bytes = 0;
  const uploads = new Set<Promise<void>>();
  for (const { name, content } of chunks(shape)) {
    bytes += content.length;
    const upload = uploadTape(container, name, content).finally(() => uploads.delete(upload));
    uploads.add(upload);
    if (uploads.size >= uploadsAtOnce) await Promise.race(uploads);
  }
  await Promise.all(uploads);
  return bytes;
}

/** Fills a container with chunks of one record each. */
export async function smallStore(container: ContainerClient, count: number): Promise<void> {
  const uploads = new Set<Promise<unknown>>();
  for (let position = 1; position <= count; position++) {
    const frame = frameOf(position, 300);
    const blob = container.getBlockBlobClient(chunkName(position));
    const upload = blob.upload(frame, frame.length).finally(() => uploads.delete(upload));
    uploads.add(upload);
    if (uploads.size >= uploadsAtOnce) await Promise.race(uploads);
  }
  await Promise.all(uploads);
}

/** The first frame of the chunk at this position of {@link smallStore}; `sha1` in the form that marks use. */
export function firstFrame(position: number): { chunk: string; position: number; sha1: string } {
  const frame = frameOf(position, 300);
  return { chunk: chunkName(position), position, sha1: frame.toString('hex', frame.length - 20, frame.length - 12) };
}

function* chunks({ events, bodyBytes }: StoreShape): Generator<{ name: string; content: Buffer }> {
  let frames: Buffer[] = [];
  let length = 0;
  let first = 1;
  const chunk = (): { name: string; content: Buffer } => ({ name: chunkName(first), content: Buffer.concat(frames) });
  for (let position = 1; position <= events; position++) {
    const frame = frameOf(position, bodyBytes);
    if (length + frame.length > chunkBytes) {
      yield chunk();
      [frames, length, first] = [[], 0, position];
    }
    frames.push(frame);
    length += frame.length;
  }
  if (length > 0) yield chunk();
}

function chunkName(first: number): string {
  const time = new Date(Date.parse('2013-10-15T00:00:00Z') + first * 1000).toISOString();
  const stamp = `${time.slice(0, 10)}-${time.slice(11, 19).replaceAll(':', '')}`;
  return `${String(first).padStart(8, '0')}-${stamp}.dat`;
}

function frameOf(position: number, bodyBytes: number): Buffer {
  return encodeFrame(BigInt(position), `customer:${position % 1000}`, payload(position, bodyBytes));
}

function payload(position: number, bodyBytes: number): Buffer {
  const head = `{"Order":${position},"Amount":${position % 977}.50,"Note":"`;
  const body = `${head}${'x'.repeat(Math.max(0, bodyBytes - head.length - 2))}"}`;
  return encodeBatch({ attributes: [], messages: [{ contract: 'Shop/OrderPlaced', body: Buffer.from(body) }] });
}

async function uploadTape(container: ContainerClient, name: string, content: Buffer): Promise<void> {
  const padded = Buffer.alloc(Math.ceil(content.length / pageBytes) * pageBytes);
  content.copy(padded);
  const blob = container.getPageBlobClient(name);
  await blob.create(padded.length);
  await blob.uploadPages(padded, 0, padded.length);
}
