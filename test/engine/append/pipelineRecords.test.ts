import { describe, expect, test } from 'vitest';
import { requestBytes } from '../../../src/engine/append/window.js';
import { Failure } from '../../../src/core/failure.js';
import { beginning } from '../../../src/core/cursor.js';
import { cursorAfter, type TargetEvent } from '../../../src/core/record.js';
import { sampleEvents, sampleRecord } from '../../support/stores/sampleRecords.js';
import { append, heldTarget, openPipeline, settled } from './heldTarget.js';

describe('a pipeline', () => {
  test('A pipeline keeps with each record the source state that came with it, also in the middle of a batch', async () => {
    const { target } = heldTarget({ answersFirst: true });
    const pipeline = openPipeline(target);
    const memory = { left: [{ chunk: '00000000-2012-09-10-070000.dat', offset: 40, sha1: '', etag: '0x1' }] };
    for (const position of [1, 2]) {
      const record = { ...sampleRecord(position), memory };
      await append(pipeline, sampleEvents(record, 1, requestBytes), record);
    }
    expect(pipeline.confirmed).toMatchObject({ revision: 0, cursor: { position: 2, memory } });
  });

  test('A pipeline cuts a record inside only when the server would not take it whole, and confirms it only when it is whole', async () => {
    const { sent, target } = heldTarget({ appendBytes: 1000, answersFirst: true });
    const pipeline = openPipeline(target);
    const record = sampleRecord(1);
    await append(pipeline, sampleEvents(record, 3, 600), record);
    expect(sent.map(({ events }) => events.length)).toEqual([1, 1]);
    sent[1]?.succeed();
    await settled();
    expect(pipeline.confirmed.cursor).toEqual(beginning);
    const drained = pipeline.drain();
    await settled();
    sent[2]?.succeed();
    await drained;
    expect(pipeline.confirmed).toMatchObject({ revision: 2, cursor: { position: 2, offset: 100 } });
  });

  test('A pipeline that begins inside a record says what is missing of it until it is whole', async () => {
    const { sent, target } = heldTarget();
    const record = sampleRecord(1);
    const pending = { record, events: sampleEvents(record, 2).slice(1) };
    const place = { cursor: cursorAfter(record), revision: 0, pending };
    const pipeline = openPipeline(target, place);
    await append(pipeline, pending.events, record);
    await pipeline.reach(cursorAfter(record));
    expect(pipeline.confirmed).toEqual(place);
    sent[0]?.succeed();
    await settled();
    expect(pipeline.confirmed).toMatchObject({ revision: 1, cursor: { position: 2 } });
    expect(pipeline.confirmed.pending).toBeUndefined();
  });

  test('A pipeline moves the cursor past records that make no event once everything before them is confirmed', async () => {
    const { sent, target } = heldTarget();
    const pipeline = openPipeline(target);
    const record = sampleRecord(1);
    await append(pipeline, sampleEvents(record, 1, 300_000), record);
    await append(pipeline, [], sampleRecord(2));
    const end = cursorAfter(sampleRecord(2), undefined);
    await pipeline.reach(end);
    expect(pipeline.confirmed.cursor).toEqual(beginning);
    sent[0]?.succeed();
    await settled();
    expect(pipeline.confirmed).toMatchObject({ cursor: end, confirmed: { mark: { position: 1 } } });
  });

  test('A pipeline sends nothing of a record with an event that cannot be appended, but all before it', async () => {
    const { sent, target } = heldTarget();
    const tooLarge = new Failure('EventTooLarge', 'too large');
    const picky = {
      ...target,
      measure: (event: TargetEvent) => {
        if (event.data.length > 1000) throw tooLarge;
        return target.measure(event);
      },
    };
    const pipeline = openPipeline(picky);
    const [first, second] = [sampleRecord(1), sampleRecord(2)];
    await append(pipeline, sampleEvents(first, 1), first);
    const mixed = [...sampleEvents(second, 1), ...sampleEvents(second, 1, 2000)];
    await expect(append(pipeline, mixed, second)).rejects.toBe(tooLarge);
    const drained = pipeline.drain();
    await settled();
    sent[0]?.succeed();
    await drained;
    expect(sent.map(({ events }) => events.length)).toEqual([1]);
    expect(pipeline.confirmed.cursor.position).toBe(2);
  });
});
