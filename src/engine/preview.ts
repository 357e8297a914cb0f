import { linkAfter } from '../convert/eventIdAndMark.js';
import type { TargetEvent } from '../core/record.js';
import type { Parts } from './parts.js';
import { lastIdOf } from './resume/chain.js';
import { resume } from './resume/resume.js';

export interface PreviewedEvent {
  readonly event: TargetEvent;
  readonly revision: number;
  /** What it counts for in an append, with its mark, in bytes. */
  readonly appendBytes: number;
}

/** What a run would append, from where it would resume to the source's head. Appends and saves nothing. */
export async function* preview(parts: Parts, signal: AbortSignal): AsyncGenerator<PreviewedEvent> {
  const { source, convert, target } = parts;
  const place = await resume(parts, signal);
  let { revision } = place;
  let lastId = lastIdOf(place);
  const numbered = (event: TargetEvent): PreviewedEvent => {
    revision += 1;
    linkAfter(event, lastId);
    lastId = event.id;
    return { event, revision, appendBytes: target.measure(event).bytes };
  };
  for (const event of place.pending?.events ?? []) yield numbered(event);
  for await (const batch of source.read(place.cursor, signal)) {
    for (const record of batch.records) for (const event of convert(record)) yield numbered(event);
  }
}
