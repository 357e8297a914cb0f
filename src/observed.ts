import type { CheckpointStore } from './checkpoint/checkpoint.js';
import { asFailure } from './core/failure.js';
import type { Parts } from './engine/parts.js';
import type { Source } from './source/source.js';
import type { AppendCall, Target } from './target/target.js';
import type { Telemetry } from './telemetry/telemetry.js';

/** Parts whose reading and appending is measured. */
export function observed(parts: Parts, telemetry: Telemetry): Parts {
  const { source, target } = parts;
  return { ...parts, source: observedSource(source, telemetry), target: observedTarget(target, telemetry), telemetry };
}

function observedSource(source: Source, telemetry: Telemetry): Source {
  return {
    ...source,
    read: async function* (from, signal) {
      let { position } = from;
      const batches = source.read(from, signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const startedAt = Date.now();
          const next = await batches.next();
          if (next.done === true) return; // a look that found nothing leaves no span
          const { value } = next;
          telemetry.ended('read', startedAt);
          telemetry.add('eventferry.records.read', Math.max(0, value.cursor.position - position));
          ({ position } = value.cursor);
          yield value;
        }
      } finally {
        await batches.return?.();
      }
    },
  };
}

function observedTarget(target: Target, telemetry: Telemetry): Target {
  let inFlight = 0;
  const begin = (): void => telemetry.set('eventferry.appends.in_flight', (inFlight += 1));
  const end = (): void => telemetry.set('eventferry.appends.in_flight', (inFlight -= 1));
  const observed = (call: AppendCall): AppendCall => ({
    append: (stream, measured, expected) => {
      const startedAt = Date.now();
      const started = performance.now();
      const { size } = measured;
      const count = measured.events.length;
      begin();
      const answer = call.append(stream, measured, expected);
      answer.then(
        () => {
          end();
          telemetry.add('eventferry.events.appended', count);
          telemetry.add('eventferry.bytes.appended', size.bytes);
          telemetry.record('eventferry.append.duration', (performance.now() - started) / 1000);
          telemetry.ended('append', startedAt);
        },
        (thrown: unknown) => {
          end();
          telemetry.ended('append', startedAt, asFailure(thrown).kind);
        },
      );
      return answer;
    },
    writable: () => call.writable(),
    close: () => call.close(),
  });
  return {
    tail: (stream, signal) => target.tail(stream, signal),
    read: (stream, from, signal) => target.read(stream, from, signal),
    measure: (event) => target.measure(event),
    get appendBytes() {
      return target.appendBytes;
    },
    open: () => observed(target.open()),
    close: () => target.close(),
  };
}

/** A store whose writes are measured. */
export function observedStore(store: CheckpointStore, telemetry: Telemetry): CheckpointStore {
  const timed = async <T>(write: () => Promise<T>): Promise<T> => {
    const startedAt = Date.now();
    try {
      const stored = await write();
      telemetry.ended('checkpoint', startedAt);
      return stored;
    } catch (thrown) {
      telemetry.ended('checkpoint', startedAt, asFailure(thrown).kind);
      throw thrown;
    }
  };
  return {
    load: (signal) => store.load(signal),
    insert: (row, signal) => timed(() => store.insert(row, signal)),
    replace: (row, etag, signal) => timed(() => store.replace(row, etag, signal)),
  };
}
