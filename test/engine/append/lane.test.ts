import { describe, expect, test } from 'vitest';

import { beginning } from '../../../src/core/cursor.js';
import { noEvent } from '../../../src/core/mark.js';
import { EventsOnDemand } from '../../../src/convert/recordEvents.js';
import type { SourceMessages, SourceRecord, TargetEvent } from '../../../src/core/record.js';
import { Failure } from '../../../src/core/failure.js';
import { Frontier } from '../../../src/engine/append/frontier.js';
import { Lane, type Request } from '../../../src/engine/append/lane.js';
import { requestBytes } from '../../../src/engine/append/window.js';
import { type AppendSize, maxSentBytes, noStream } from '../../../src/target/target.js';
import { sampleEvents, sampleRecord } from '../../support/stores/sampleRecords.js';

const maxEventBytes = 2 * requestBytes;

function openLane({ appendBytes = 1_048_576, revision = noStream } = {}): Lane {
  const measure = ({ data, metadata }: TargetEvent): AppendSize => {
    if (data.length > maxEventBytes) throw new Failure('EventTooLarge', 'too large');
    return { bytes: data.length, maxBytes: data.length, sentBytes: data.length + metadata.length };
  };
  return new Lane({ appendBytes, measure }, new Frontier({ cursor: beginning, revision }), revision, noEvent);
}

/** Adds one record with events of these sizes. */
function add(lane: Lane, position: number, sizes: readonly number[]): void {
  const record = sampleRecord(position);
  lane.add(
    sampleEvents(record, sizes.length).map((event, at) => ({ ...event, data: new Uint8Array(sizes[at] ?? 0) })),
    record,
  );
}

/** Lets every complete request leave. */
function departAll(lane: Lane): { request: Request; expected: number }[] {
  const departed: { request: Request; expected: number }[] = [];
  for (let next = lane.next(); next; next = lane.next()) departed.push({ request: next, expected: lane.depart(next) });
  return departed;
}

const full = requestBytes;
const half = full / 2;
const small = 1_000;

describe('A lane cuts the events of whole records into requests', () => {
  test.each<{
    title: string;
    appendBytes?: number;
    records: readonly (readonly number[])[];
    /** Of each complete request: its events, its bytes, and the position at which the source goes on after it. */
    complete: readonly (readonly [events: number, bytes: number, next: number | undefined])[];
    filling: boolean;
  }>([
    { title: 'a small record waits for more', records: [[small]], complete: [], filling: true },
    { title: 'a record without events makes no request', records: [[]], complete: [], filling: false },
    {
      title: 'records fill a request exactly',
      records: [[half], [half]],
      complete: [[2, full, 3]],
      filling: false,
    },
    {
      title: 'a record that does not fit begins the next request',
      records: [[half], [half + 1]],
      complete: [[1, half, 2]],
      filling: true,
    },
    {
      title: 'a record larger than a request leaves whole and alone',
      records: [[small], [full, small], [small]],
      complete: [
        [1, small, 2],
        [2, full + small, 3],
      ],
      filling: true,
    },
    {
      title: 'a request ends after the records without events that follow its last event',
      records: [[half], [], [half + 1]],
      complete: [[1, half, 3]],
      filling: true,
    },
    {
      title: 'a smaller limit of the server makes smaller requests',
      appendBytes: 1_000,
      records: [[600], [600]],
      complete: [[1, 600, 2]],
      filling: true,
    },
    {
      title: 'a record is cut inside only when the server would not take it whole',
      appendBytes: 1_000,
      records: [[100], [600, 600, 300], [200]],
      complete: [
        [1, 100, 2],
        [1, 600, undefined],
        [2, 900, 3],
      ],
      filling: true,
    },
  ])('A lane cuts requests: $title', ({ appendBytes, records, complete, filling }) => {
    const lane = openLane({ ...(appendBytes !== undefined && { appendBytes }) });
    for (const [at, sizes] of records.entries()) add(lane, at + 1, sizes);
    const requests = departAll(lane).map(({ request }) => request);
    expect(requests.map(({ events, size, end }) => [events.length, size.bytes, end?.position])).toEqual(complete);
    expect(lane.isFilling).toBe(filling);
  });

  test('A record that is small as the server counts is cut inside where one message cannot hold it', () => {
    const lane = openLane();
    const record = sampleRecord(1);
    const half = new Uint8Array(maxSentBytes / 2);
    const events = sampleEvents(record, 3).map((event) => ({ ...event, data: new Uint8Array(1), metadata: half }));
    lane.add(events, record);
    lane.completeFilling();
    expect(departAll(lane).map(({ request }) => [request.size.sentBytes, request.end?.position])).toEqual([
      [1 + half.length, undefined],
      [1 + half.length, undefined],
      [1 + half.length, 2],
    ]);
  });

  test('A request that is completed early ends after the last record', () => {
    const lane = openLane();
    add(lane, 1, [small, small]);
    expect(lane.next()).toBeUndefined();
    lane.completeFilling();
    expect(lane.next()).toMatchObject({ size: { bytes: 2 * small, maxBytes: small }, end: { position: 2 } });
    lane.completeFilling();
    expect(departAll(lane)).toHaveLength(1);
  });

  test('A lane takes nothing of a record when one of its events cannot be sent', () => {
    const lane = openLane();
    add(lane, 1, [small]);
    expect(() => add(lane, 2, [small, maxEventBytes + 1])).toThrow('too large');
    lane.completeFilling();
    expect(departAll(lane).map(({ request }) => [request.events.length, request.end?.position])).toEqual([[1, 2]]);
  });
});

/** Adds a record whose events are made on demand, each with so many bytes; counts how often one is made. */
function addOnDemand(lane: Lane, position: number, count: number, bytes: number): { made: number } {
  const record = sampleRecord(position, count);
  const events = sampleEvents(record, count, bytes);
  const counted = { made: 0 };
  const onDemand = new EventsOnDemand(messagesOf(record), (_, index) => {
    counted.made++;
    return events[index] ?? expect.fail('there is no such event');
  });
  lane.add(onDemand, record);
  return counted;
}

function messagesOf({ payload }: SourceRecord): SourceMessages {
  return payload.kind === 'batch' ? payload.messages : [];
}

describe('A record whose events are made on demand', () => {
  test('Events on demand are made for the request that leaves next, and the source goes on only after the last', () => {
    const lane = openLane({ appendBytes: 10_000 });
    add(lane, 1, [small]);
    const counted = addOnDemand(lane, 2, 95, small);
    expect([counted.made, lane.isFull]).toEqual([0, true]);
    const ends: (number | undefined)[] = [];
    let departed = -1; // the event of the record before
    for (let next = lane.next(); next; next = lane.next()) {
      expect(counted.made - departed).toBeLessThanOrEqual(12);
      lane.depart(next);
      departed += next.events.length;
      ends.push(next.end?.position);
    }
    expect(ends).toEqual([2, ...Array.from({ length: 9 }, () => undefined)]);
    expect(lane.isFull).toBe(false);
    lane.completeFilling();
    expect(departAll(lane).map(({ request }) => [request.events.length, request.end?.position])).toEqual([[5, 3]]);
    expect(counted.made).toBe(95);
    expect(lane.revision).toBe(95);
  });

  test('A lane that leaves off inside a record lets only whole requests of it leave, and never takes it for whole', () => {
    const lane = openLane({ appendBytes: 10_000 });
    addOnDemand(lane, 1, 35, small);
    const first = lane.next() ?? expect.fail('nothing leaves');
    lane.depart(first);
    expect(lane.next()?.events).toHaveLength(10);
    lane.leaveOff();
    lane.completeFilling();
    expect(departAll(lane).map(({ request }) => [request.events.length, request.end])).toEqual([[10, undefined]]);
    expect([lane.isFull, lane.isFilling, lane.revision]).toEqual([false, false, 19]);
  });

  test('A record that is added before the one on demand has left comes after all of its events', () => {
    const lane = openLane({ appendBytes: 10_000 });
    addOnDemand(lane, 1, 25, small);
    add(lane, 2, [small]);
    addOnDemand(lane, 3, 5, small);
    lane.completeFilling();
    const departed = departAll(lane).flatMap(({ request }) => request.events);
    expect(departed.map(({ mark }) => mark.position)).toEqual([...Array.from({ length: 25 }, () => 1), 2]);
    lane.completeFilling();
    expect(departAll(lane).map(({ request }) => [request.events.length, request.end?.position])).toEqual([[5, 4]]);
  });
});

describe('A lane knows what its stream will hold', () => {
  test('Each request of a lane expects the revision that the one before it leaves', () => {
    const lane = openLane({ revision: 41 });
    for (const position of [1, 2, 3]) add(lane, position, [half, half]);
    expect(lane.revision).toBe(41);
    expect(departAll(lane).map(({ expected }) => expected)).toEqual([41, 43, 45]);
    expect(lane.revision).toBe(47);
  });
});
