import { systemClock } from '../../../src/core/clock.js';
import type { Progress } from '../../../src/engine/parts.js';
import { Pipeline } from '../../../src/engine/append/pipeline.js';
import { beginning } from '../../../src/core/cursor.js';
import type { SourceRecord, TargetEvent } from '../../../src/core/record.js';
import { noStream, type AppendCall, type Target } from '../../../src/target/target.js';

/** An append that the test answers when it likes. */
export interface Sent {
  readonly events: readonly TargetEvent[];
  readonly expected: number;
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
}

/** @param answersFirst the first append, which goes alone, is answered at once */
export function heldTarget({ appendBytes = 1_048_576, answersFirst = false } = {}) {
  const sent: Sent[] = [];
  const call: AppendCall = {
    append: (_stream, { events }, expected) =>
      new Promise((resolve, reject) => {
        const succeed = (): void => resolve(expected + events.length);
        if (sent.push({ events, expected, succeed, fail: reject }) === 1 && answersFirst) succeed();
      }),
    writable: () => Promise.resolve(),
    close: () => undefined,
  };
  const target: Pick<Target, 'open' | 'measure' | 'appendBytes'> = {
    appendBytes,
    measure: ({ data: { length } }) => ({ bytes: length, maxBytes: length, sentBytes: length }),
    open: () => call,
  };
  return { sent, target: target as Target };
}

const from = { cursor: beginning, revision: noStream };

export function openPipeline(target: Target, place: Progress = from): Pipeline {
  return new Pipeline(target, 'stream', place, systemClock);
}

/** As a pass does for each record. */
export async function append(pipeline: Pipeline, events: readonly TargetEvent[], record: SourceRecord): Promise<void> {
  pipeline.add(events, record);
  if (pipeline.isFull) await pipeline.send();
}

export const settled = () => new Promise((resolve) => setImmediate(resolve));
