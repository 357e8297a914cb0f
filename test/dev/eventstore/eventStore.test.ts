import fc from 'fast-check';
import { describe, expect, test, onTestFinished, vi } from 'vitest';
import { ANY, NO_STREAM } from '../../../dev/eventstore/store/checkCommit.js';
import { EventStore, type WriteOutcome } from '../../../dev/eventstore/store/eventStore.js';
import { chunkOf, uuidOf } from './proposedEvents.js';

const STREAM = 'orders';

function stored(store: EventStore, stream = STREAM): string[] {
  const state = store.streams.find(stream);
  return Array.from({ length: (state?.committed ?? -1) + 1 }, (_, revision) => {
    const ref = state?.at(revision);
    return ref ? ref.stored.events.id(ref.index) : 'nothing';
  });
}

function append(store: EventStore, expected: number, ids: readonly number[], stream = STREAM): WriteOutcome {
  return store.append(stream, expected, chunkOf(...ids.map((id) => ({ id: uuidOf(id) }))), () => undefined);
}

/** One thing a writer may try: ids from a small range, so that repeats, overlaps and new cuts are frequent. */
const attempt = fc.oneof(
  fc.record({ kind: fc.constant('slice' as const), from: fc.nat(30), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({
    kind: fc.constant('arbitrary' as const),
    expected: fc.integer({ min: -1, max: 25 }),
    ids: fc.array(fc.nat(30), { minLength: 1, maxLength: 6 }),
  }),
  fc.record({ kind: fc.constant('settle' as const) }),
);

describe('EventStore', () => {
  test('EventStore behaves as a simple model does under any mix of appends, retries and new cuts with exact revisions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { maxLength: 40 }), async (attempts) => {
        const store = new EventStore();
        const model: string[] = [];
        let committed = 0;
        for (const action of attempts) {
          if (action.kind === 'settle') {
            await store.commits.drained();
            committed = model.length;
            continue;
          }
          const first = action.kind === 'slice' ? Math.min(action.from, model.length) : action.expected + 1;
          const ids = action.kind === 'slice' ? Array.from({ length: action.count }, (_, i) => first + i) : action.ids;
          const texts = ids.map(uuidOf);
          const matches = texts.every((text, i) => model[first + i] === text);
          const outcome = append(store, first - 1, ids);
          if (first === model.length) {
            expect(outcome).toMatchObject({ kind: 'accepted', revision: first + ids.length - 1 });
            model.push(...texts);
          } else if (first < model.length && matches) {
            if (first + ids.length <= committed)
              expect(outcome).toMatchObject({ kind: 'repeat', revision: first + ids.length - 1 });
            else expect(outcome.kind).toBe('repeatInFlight');
          } else expect(outcome).toEqual({ kind: 'wrongExpectedVersion', current: model.length - 1 });
        }
        await store.commits.drained();
        expect(stored(store)).toEqual(model);
      }),
      { numRuns: 300 },
    );
  });

  test('EventStore shows nothing to readers before it is committed', async () => {
    const store = new EventStore();
    const release = store.commits.hold();
    append(store, NO_STREAM, [1, 2]);
    expect(stored(store)).toEqual([]);
    release();
    await store.commits.drained();
    expect(stored(store)).toEqual([uuidOf(1), uuidOf(2)]);
  });

  test('EventStore commits what was accepted under a hold only when every hold is released', async () => {
    const store = new EventStore();
    const [first, second] = [store.commits.hold(), store.commits.hold()];
    append(store, NO_STREAM, [1]);
    first();
    await new Promise((resolve) => setImmediate(resolve));
    expect(stored(store)).toEqual([]);
    second();
    await store.commits.drained();
    expect(stored(store)).toEqual([uuidOf(1)]);
  });

  test('EventStore forgets ids under ANY at a restart, and writes them again', async () => {
    const store = new EventStore();
    append(store, ANY, [1, 2]);
    await store.commits.drained();
    expect(append(store, ANY, [1, 2])).toMatchObject({ kind: 'repeat', revision: 1 });
    store.forgetRecentIds();
    expect(append(store, ANY, [1, 2])).toMatchObject({ kind: 'accepted', revision: 3 });
  });

  test('EventStore takes a stream back to an earlier revision, as a restored backup does', async () => {
    const store = new EventStore();
    append(store, NO_STREAM, [1, 2, 3]);
    append(store, 2, [4, 5]);
    await store.truncate(STREAM, 1);
    expect(stored(store)).toEqual([uuidOf(1), uuidOf(2)]);
    expect(append(store, 4, [6])).toEqual({ kind: 'wrongExpectedVersion', current: 1 });
    expect(append(store, 1, [7])).toMatchObject({ kind: 'accepted', revision: 2 });
  });

  test('EventStore takes a stream back to before it existed, with its metadata and its tombstone', async () => {
    const store = new EventStore();
    append(store, NO_STREAM, [1]);
    store.softDelete(STREAM, ANY, () => undefined);
    store.tombstone(STREAM, ANY, () => undefined);
    await store.truncate(STREAM, -1);
    expect(append(store, NO_STREAM, [1])).toMatchObject({ kind: 'accepted', revision: 0 });
    expect(store.streams.find(`$$${STREAM}`)).toBeUndefined();
  });

  test('EventStore keeps ids, types and metadata when it discards bodies', async () => {
    const store = new EventStore({ discardBodies: true });
    const events = chunkOf(
      { id: uuidOf(1), type: 'A', data: Buffer.from('body'), metadata: Buffer.from('mark') },
      { type: 'B' },
    );
    store.append(STREAM, NO_STREAM, events, () => undefined);
    await store.commits.drained();
    const ref = store.streams.find(STREAM)?.at(0);
    expect(ref?.stored.events.id(0)).toBe(uuidOf(1));
    expect(ref?.stored.events.type(1)).toBe('B');
    expect(ref?.stored.events.metadata(0).toString()).toBe('mark');
    expect(ref?.stored.events.data(0)).toHaveLength(0);
  });

  test('EventStore hides events by $maxCount and $maxAge, and finds them by their ids all the same', async () => {
    const store = new EventStore();
    append(store, NO_STREAM, [1, 2, 3]);
    const metadata = (json: object) =>
      store.append(
        `$$${STREAM}`,
        ANY,
        chunkOf({ type: '$metadata', data: Buffer.from(JSON.stringify(json)) }),
        () => undefined,
      );
    metadata({ $maxCount: 2 });
    await store.commits.drained();
    expect([0, 1, 2].map((revision) => store.streams.visible(STREAM, revision) !== undefined)).toEqual([
      false,
      true,
      true,
    ]);
    expect(append(store, NO_STREAM, [1])).toEqual({
      kind: 'repeat',
      revision: 0,
      position: undefined,
      answerable: true,
    });
    metadata({ $maxAge: 3600 });
    await store.commits.drained();
    expect(store.streams.visible(STREAM, 0)).toBeDefined();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3601 * 1000 });
    onTestFinished(() => void vi.useRealTimers());
    expect(store.streams.visible(STREAM, 0)).toBeUndefined();
  });
});
