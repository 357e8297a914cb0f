import { randomUUID } from 'node:crypto';
import { streamsMessages as streams } from '../../../dev/eventstore/protocol/protocol.js';
import { ChunkBuilder, type EventChunk } from '../../../dev/eventstore/store/eventChunk.js';
import { uuidMessage } from '../../contracts/eventstoreScenariosMessages.js';

export interface Proposed {
  id?: string;
  type?: string;
  contentType?: string;
  data?: Uint8Array;
  metadata?: Uint8Array;
  idForm?: 'string' | 'structured';
}

/** The bytes of a ProposedMessage, made by the client library's own generated classes. */
export function proposedBytes(event: Proposed): Buffer {
  const message = new streams.BatchAppendReq.ProposedMessage();
  message.setId(uuidMessage(event.id ?? randomUUID(), event.idForm));
  message.getMetadataMap().set('type', event.type ?? 'T');
  message.getMetadataMap().set('content-type', event.contentType ?? 'application/json');
  message.setData(event.data ?? Buffer.alloc(0));
  message.setCustomMetadata(event.metadata ?? Buffer.alloc(0));
  return Buffer.from(message.serializeBinary());
}

export function chunkOf(...events: Proposed[]): EventChunk {
  const builder = new ChunkBuilder({ countsMetadata: false });
  for (const event of events) {
    const bytes = proposedBytes(event);
    builder.add(bytes, 0, bytes.length);
  }
  return builder.build();
}

/** A UUID for a small number. */
export function uuidOf(number: number): string {
  return `00000000-0000-8000-8000-${number.toString(16).padStart(12, '0')}`;
}
