import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestBytes } from '../../../src/engine/append/window.js';
import { Failure } from '../../../src/core/failure.js';
import { beginning } from '../../../src/core/cursor.js';
import { cursorAfter } from '../../../src/core/record.js';
import { sampleEvents, sampleRecord } from '../../support/stores/sampleRecords.js';
import { append, heldTarget, openPipeline, settled, type Sent } from './heldTarget.js';

describe('a pipeline', () => {
  test('A pipeline expects of each request the revision that the one before will leave', async () => {
    const { sent, target } = heldTarget({ answersFirst: true });
    const pipeline = openPipeline(target, { cursor: beginning, revision: 41 });
    for (const position of [1, 2, 3]) {
      const record = sampleRecord(position);
      await append(pipeline, sampleEvents(record, 2, requestBytes / 2), record);
    }
    await pipeline.reach(cursorAfter(sampleRecord(3), undefined));
    expect(sent.map(({ events, expected }) => [events.length, expected])).toEqual([
      [2, 41],
      [2, 43],
      [2, 45],
    ]);
    expect(pipeline.sentTo).toBe(47);
  });

  test('A pipeline sends the first request alone, so that a later one cannot be taken for it when the stream has grown meanwhile', async () => {
    const { sent, target } = heldTarget();
    const pipeline = openPipeline(target);
    const [first, second] = [sampleRecord(1), sampleRecord(2)];
    await append(pipeline, sampleEvents(first, 1, requestBytes), first);
    const moved = new Failure('WrongExpectedRevision', 'the stream has another revision');
    const sending = append(pipeline, sampleEvents(second, 1, requestBytes), second);
    await settled();
    sent[0]?.fail(moved);
    await expect(sending).rejects.toBe(moved);
    expect(sent).toHaveLength(1);
  });

  test('A pipeline confirms only the contiguous prefix when answers come in another order', async () => {
    const { sent, target } = heldTarget({ answersFirst: true });
    const pipeline = openPipeline(target);
    for (const position of [1, 2, 3, 4]) {
      const record = sampleRecord(position);
      await append(pipeline, sampleEvents(record, 1, requestBytes), record);
    }
    sent[3]?.succeed();
    sent[2]?.succeed();
    await settled();
    expect(pipeline.confirmed.revision).toBe(0);
    sent[1]?.succeed();
    await settled();
    expect(pipeline.confirmed).toMatchObject({ revision: 3, cursor: { position: 5 }, confirmed: { revision: 3 } });
  });

  test('A pipeline sends what there is at the end of a batch, without waiting for more', async () => {
    const { sent, target } = heldTarget();
    const pipeline = openPipeline(target);
    const record = sampleRecord(1);
    await append(pipeline, sampleEvents(record, 1), record);
    expect(sent).toHaveLength(0);
    await pipeline.reach(cursorAfter(record, undefined));
    expect(sent).toHaveLength(1);
  });

  test('A pipeline sends a rest that is not full only once nothing else is under way', async () => {
    const { sent, target } = heldTarget();
    const pipeline = openPipeline(target);
    const [first, second] = [sampleRecord(1), sampleRecord(2)];
    await append(pipeline, sampleEvents(first, 1, requestBytes), first);
    await append(pipeline, sampleEvents(second, 1), second);
    await pipeline.reach(cursorAfter(second, undefined));
    expect(sent).toHaveLength(1);
    sent[0]?.succeed();
    await settled();
    expect(sent).toHaveLength(2);
    sent[1]?.succeed();
    await settled();
    expect(pipeline.confirmed).toMatchObject({ revision: 1, cursor: { position: 3 } });
  });

  test('A pipeline lets other work have its turn between two requests', async () => {
    const { sent, target } = heldTarget({ answersFirst: true });
    const pipeline = openPipeline(target);
    const turns: number[] = [];
    const watch = (): void => {
      turns.push(sent.length);
      if (sent.length < 3) setImmediate(watch);
    };
    setImmediate(watch);
    const record = sampleRecord(1);
    for (let count = 0; count < 3; count++) await append(pipeline, sampleEvents(record, 1, requestBytes), record);
    expect(turns).toEqual(expect.arrayContaining([1, 2]));
  });

  test('A pipeline fails as a whole with its first failure, and keeps what was confirmed before it', async () => {
    const { sent, target } = heldTarget({ answersFirst: true });
    const pipeline = openPipeline(target);
    for (const position of [1, 2]) {
      const record = sampleRecord(position);
      await append(pipeline, sampleEvents(record, 1, requestBytes), record);
    }
    const lost = new Failure('AppendUncertain', 'the call was lost');
    const drained = pipeline.drain();
    sent[1]?.fail(lost);
    await expect(drained).rejects.toBe(lost);
    await expect(append(pipeline, [], sampleRecord(3)).then(() => pipeline.drain())).rejects.toBe(lost);
    expect(pipeline.confirmed.revision).toBe(0);
  });

  test('A pipeline never has more in flight than it may, whatever the sizes, and loses or reorders nothing', async () => {
    const records = fc.array(fc.array(fc.integer({ min: 1, max: 400_000 }), { maxLength: 4 }), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(records, fc.array(fc.nat(3), { maxLength: 50 }), async (shapes, picks) => {
        const { sent, target } = heldTarget({ appendBytes: 1_000_000 });
        const pipeline = openPipeline(target);
        const open: Sent[] = [];
        let seen = 0;
        let most = 0;
        let running = true;
        const server = (async () => {
          while (running) {
            while (seen < sent.length) open.push(...sent.slice(seen, ++seen));
            most = Math.max(most, open.length);
            const [answered] = open.splice((picks.shift() ?? 0) % Math.max(1, open.length), 1);
            answered?.succeed();
            await settled();
          }
        })();
        for (const [index, sizes] of shapes.entries()) {
          const record = sampleRecord(index + 1, sizes.length);
          const events = sampleEvents(record, sizes.length).map((event, at) => ({
            ...event,
            data: new Uint8Array(sizes[at] ?? 0),
          }));
          await append(pipeline, events, record);
        }
        await pipeline.drain();
        running = false;
        await server;
        const arrived = [...sent].sort((one, other) => one.expected - other.expected).flatMap(({ events }) => events);
        expect(arrived.map(({ mark }) => `${mark.position}.${mark.index}`)).toEqual(
          shapes.flatMap((sizes, index) => sizes.map((_, at) => `${index + 1}.${at}`)),
        );
        expect(pipeline.confirmed.revision).toBe(arrived.length - 1);
        expect(most).toBeLessThanOrEqual(16);
        expect(sent.every(({ events }) => events.length > 0)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
