import { EventsOnDemand } from '../convert/recordEvents.js';
import type { Parts, Progress } from './parts.js';
import { Pipeline } from './append/pipeline.js';
import { lookAt } from './quarantining.js';

/** Is told how a pass goes. */
export interface PassWatch {
  /** After each batch: what is confirmed so far. */
  advanced(confirmed: Progress): Promise<void>;
  /** At the end, also of a pass that fails: what is confirmed, and the highest revision that we may have left. */
  ended(confirmed: Progress, sentTo: number): void;
}

/**
 * One bounded pass: reads every record that is committed at the source, and appends each event once, in order. Ends at
 * the source's head or when the signal is aborted. What was read until then is confirmed first.
 *
 * @throws Failure; everything that was read before the source failed is confirmed by then
 */
export async function pass(from: Progress, parts: Parts, signal: AbortSignal, watch: PassWatch): Promise<Progress> {
  const { source, convert, target, checkpoint, quarantine, stream, clock } = parts;
  const pipeline = new Pipeline(target, stream, from, clock);
  try {
    if (from.pending) {
      // guard: rest-of-a-record-set-aside
      await lookAt(from.pending.events, parts, signal);
      pipeline.add(from.pending.events, from.pending.record);
      await pipeline.send(signal);
    }
    for await (const batch of source.read(from.cursor, signal)) {
      for (const record of batch.records) {
        const events = convert(record);
        // guard: kept-before-its-event
        if (quarantine || events instanceof EventsOnDemand) await lookAt(events, parts, signal);
        pipeline.add(events, record);
        if (pipeline.isFull) await pipeline.send(signal); // waits for room, not for the answer
      }
      await pipeline.reach(batch.cursor);
      await checkpoint.advance(pipeline.confirmed); // never past what the target has acknowledged
      await watch.advanced(pipeline.confirmed);
    }
    await pipeline.drain();
  } catch (finding) {
    // guard: confirmed-before-a-stop
    await pipeline.drain();
    await checkpoint.advance(pipeline.confirmed);
    throw finding;
  } finally {
    watch.ended(pipeline.confirmed, pipeline.sentTo);
    pipeline.close();
  }
  await checkpoint.advance(pipeline.confirmed);
  return pipeline.confirmed;
}
