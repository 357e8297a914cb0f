import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { Mark } from '../core/mark.js';
import { asBuffer, sha256, type SetAside, type SourceRecord, type TargetEvent } from '../core/record.js';
import { cut } from '../core/text.js';
import { opaqueType } from './convert.js';
import { createEventIds, createMarks } from './eventIdAndMark.js';

/** The type of the event that stands for a message that could not become one. */
export const quarantinedType = 'eventferry-quarantined';

/** Why a message cannot become an event: a kind of failure, and the sentence. */
export interface Refusal {
  readonly kind: string;
  readonly message: string;
}

/**
 * The event that stands for a message of a record which cannot become one itself.
 *
 * @param wholeKey as earlier versions wrote it, with a key of any length in its mark
 */
export type Placeholder = (record: SourceRecord, index: number, refusal: Refusal, wholeKey?: boolean) => TargetEvent;

/** What a placeholder says is stored: these lengths stay. */
const most = { keyLength: 1_000, reasonLength: 1_000, typeLength: 200 };

/**
 * Builds the events that stand for messages that cannot become one: each has the id and the place that the message's
 * own event would have, and says where the message is kept. It is small, whatever the record holds: a long key is cut,
 * and the whole key and the record's attributes are kept with the message.
 */
export function createPlaceholder(source: string, settings: string, schema: Mark['v'] = 2): Placeholder {
  const idsOf = createEventIds(source);
  const marksOf = createMarks(source, settings, schema);
  return (record, index, { kind, message }, wholeKey = false) => {
    const messages = record.payload.kind === 'batch' ? record.payload.messages.length : 1;
    const key = wholeKey ? record.key : cut(record.key, most.keyLength);
    const flags = { quarantined: true as const, ...(key !== record.key && { keyCut: true as const }) };
    const marks = marksOf({ ...record, key, payload: { kind: 'opaque', bytes: noBytes } }, messages);
    const setAside = setAsideOf(record, index, {
      source,
      count: messages,
      kind,
      reason: cut(message, most.reasonLength),
    });
    const { reason, name: blob, body } = setAside;
    const facts = { kind, reason, type: typeOf(setAside), bytes: body.length, sha256: sha256(body), blob };
    return {
      id: idsOf(marks.sha1, record.position)(index),
      type: quarantinedType,
      contentType: 'application/json',
      data: Buffer.from(JSON.stringify(facts)),
      metadata: marks.metadata(index, undefined, flags),
      mark: { ...marks.mark(index), ...flags },
      setAside,
    };
  };
}

const facts = z.object({ kind: z.string(), reason: z.string(), sha256: z.string(), blob: z.string() });

/** What a placeholder says of the message that it stands for; undefined when it is not one. */
export function placeholderFacts({
  type,
  data,
}: Pick<TargetEvent, 'type' | 'data'>): z.infer<typeof facts> | undefined {
  if (type !== quarantinedType) return undefined;
  try {
    return facts.safeParse(JSON.parse(asBuffer(data).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** The folder of the container in which a source's messages are kept. */
export function quarantineFolder(source: string): string {
  return source.replaceAll(/[^A-Za-z0-9_-]/g, (one) => `=${Buffer.from(one).toString('hex')}`);
}

function setAsideOf(
  { position, key, stamp, chunk, offset, sha1, payload }: SourceRecord,
  index: number,
  rest: Pick<SetAside, 'source' | 'count' | 'kind' | 'reason'>,
): SetAside {
  const message = payload.kind === 'batch' ? payload.messages.at(index) : undefined;
  const hash = asBuffer(sha1).toString('hex');
  // The same name means the same message: the frame's hash is in it.
  const place = `${String(position).padStart(12, '0')}-${String(index).padStart(5, '0')}-${hash.slice(0, 16)}`;
  return {
    name: `${quarantineFolder(rest.source)}/${place}.json`,
    ...rest,
    ...{ position, index, key, stamp, chunk, offset, sha1: hash },
    ...(message && { contract: message.contract }),
    attributes: payload.kind === 'batch' ? payload.attributes : [],
    body: payload.kind === 'opaque' ? payload.bytes : (message?.body ?? noBytes),
  };
}

const noBytes = new Uint8Array(0);

function typeOf({ contract }: SetAside): string {
  if (!contract) return opaqueType;
  const bytes = asBuffer(contract);
  return cut(isUtf8(bytes) ? bytes.toString('utf8') : `hex:${bytes.toString('hex')}`, most.typeLength);
}
