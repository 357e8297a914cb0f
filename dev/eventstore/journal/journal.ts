import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';

const FILE_NAME = 'events.log';
const FRAME_BYTES = 8;
const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * An append-only file of records: length, CRC-32, payload. A record counts once all of it is on disk. A half-written
 * record at the end, which a killed process leaves, is cut off when the file is opened.
 */
export class Journal {
  private constructor(private readonly file: FileHandle) {}

  /** Opens the journal in `dir`, which it creates if absent, and passes each record to `replay`, in order. */
  static async open(dir: string, replay: (record: Buffer) => void): Promise<Journal> {
    await mkdir(dir, { recursive: true });
    const name = path.join(dir, FILE_NAME);
    const file = await open(name, 'a+');
    try {
      const end = await replayAll(file, name, replay);
      await file.truncate(end);
      await file.sync();
      await syncFolder(dir);
      return new Journal(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Appends the records and resolves when they are on disk. */
  async append(records: readonly (readonly Buffer[])[]): Promise<void> {
    const parts = records.filter((record) => record.length > 0).flatMap((record) => [frameOf(record), ...record]);
    if (parts.length === 0) return;
    await this.file.appendFile(Buffer.concat(parts));
    await this.file.datasync();
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

function frameOf(record: readonly Buffer[]): Buffer {
  const frame = Buffer.alloc(FRAME_BYTES);
  let crc = 0;
  let length = 0;
  for (const part of record) {
    crc = crc32(part, crc);
    length += part.length;
  }
  frame.writeUInt32LE(length, 0);
  frame.writeUInt32LE(crc, 4);
  return frame;
}

/** Returns where the last whole record ends. */
async function replayAll(file: FileHandle, name: string, replay: (record: Buffer) => void): Promise<number> {
  const { size } = await file.stat();
  let end = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (let at = 0; at < size;) {
    const needed = rest.length >= FRAME_BYTES ? FRAME_BYTES + rest.readUInt32LE(0) - rest.length : 0;
    const block = Buffer.allocUnsafe(Math.min(size - at, Math.max(BLOCK_BYTES, needed)));
    const { bytesRead } = await file.read(block, 0, block.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    rest = Buffer.concat([rest, block.subarray(0, bytesRead)]);
    for (let length = recordLength(rest); length !== undefined; length = recordLength(rest)) {
      const record = rest.subarray(FRAME_BYTES, FRAME_BYTES + length);
      if (crc32(record) !== rest.readUInt32LE(4)) {
        if (end + FRAME_BYTES + length === size) return end;
        throw new Error(`${name} is damaged at byte ${end}. Move it away to start with an empty store.`);
      }
      replay(record);
      end += FRAME_BYTES + length;
      rest = rest.subarray(FRAME_BYTES + length);
    }
  }
  return end;
}

function recordLength(bytes: Buffer): number | undefined {
  if (bytes.length < FRAME_BYTES) return undefined;
  const length = bytes.readUInt32LE(0);
  return bytes.length >= FRAME_BYTES + length ? length : undefined;
}

/** Writes the folder to disk: without that a crash can lose a new file. Not every platform can do this. */
async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
