import { randomUUID } from 'node:crypto';
import { ChunkBuilder, type EventChunk } from './eventChunk.js';
import { WireWriter } from '../protocol/wire.js';

/** An event that the server itself makes: metadata written by a soft delete, a tombstone. */
export function serverMadeEvent(type: string, contentType: string, data: Buffer = Buffer.alloc(0)): EventChunk {
  const bytes = new WireWriter()
    .message(1, new WireWriter().string(2, randomUUID()))
    .message(2, mapEntry('type', type))
    .message(2, mapEntry('content-type', contentType))
    .bytes(4, data)
    .finish();
  const builder = new ChunkBuilder({ countsMetadata: false });
  builder.add(bytes, 0, bytes.length);
  return builder.build();
}

/** One entry of a protobuf `map<string, string>`. */
export function mapEntry(key: string, value: string): WireWriter {
  return new WireWriter().string(1, key).string(2, value);
}
