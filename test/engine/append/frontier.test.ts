import { describe, expect, test } from 'vitest';

import { beginning, type Cursor } from '../../../src/core/cursor.js';
import type { Mark } from '../../../src/core/mark.js';
import { cursorAfter } from '../../../src/core/record.js';
import { Frontier } from '../../../src/engine/append/frontier.js';
import type { Progress } from '../../../src/engine/parts.js';
import { sampleEvents, sampleRecord } from '../../support/stores/sampleRecords.js';

const from: Progress = { cursor: beginning, revision: 9 };

function markOf(position: number): Mark | undefined {
  return sampleEvents(sampleRecord(position), 1)[0]?.mark;
}

function after(position: number): Cursor {
  return cursorAfter(sampleRecord(position));
}

/** Requests of one event each, one a record from position 1 on; `inside` names those that end inside a record. */
function departures(frontier: Frontier, count: number, inside: readonly number[] = []) {
  return Array.from({ length: count }, (_, at) =>
    frontier.depart(inside.includes(at + 1) ? undefined : after(at + 1), markOf(at + 1)),
  );
}

describe('The frontier is the contiguous prefix of what was answered', () => {
  test.each<{
    title: string;
    inside?: readonly number[];
    answered: readonly number[];
    revision: number;
    next: number;
    complete?: boolean;
  }>([
    { title: 'nothing answered: where it began', answered: [], revision: 9, next: 1 },
    { title: 'the first answered', answered: [1], revision: 10, next: 2 },
    { title: 'the second alone does not count', answered: [2], revision: 9, next: 1 },
    { title: 'the second counts once the first is there', answered: [2, 1], revision: 11, next: 3 },
    { title: 'a hole holds back all after it', answered: [4, 3, 1], revision: 10, next: 2 },
    { title: 'all, in reverse order', answered: [4, 3, 2, 1], revision: 13, next: 5, complete: true },
    { title: 'a request that ends inside a record confirms nothing', inside: [1], answered: [1], revision: 9, next: 1 },
    { title: 'the rest of the record confirms it whole', inside: [1], answered: [1, 2], revision: 11, next: 3 },
    {
      title: 'a record whose rest is not there holds back its begin',
      inside: [2],
      answered: [1, 2],
      revision: 10,
      next: 2,
    },
  ])('The frontier confirms a prefix: $title', ({ inside, answered, revision, next, complete = false }) => {
    const frontier = new Frontier(from);
    const sent = departures(frontier, 4, inside);
    for (const which of answered) {
      const departure = sent[which - 1];
      if (departure) frontier.answered(departure, from.revision + which);
    }
    expect(frontier.confirmed).toMatchObject({ revision, cursor: { position: next } });
    expect(frontier.confirmed.confirmed).toEqual(revision === 9 ? undefined : { mark: markOf(next - 1), revision });
    expect(frontier.isComplete).toBe(complete);
  });

  test('A record of which some events are pending stays pending until it is whole', () => {
    const record = sampleRecord(1);
    const pending = { record, events: sampleEvents(record, 2).slice(1) };
    const frontier = new Frontier({ ...from, pending });
    const rest = frontier.depart(after(1), pending.events[0]?.mark);
    expect(frontier.confirmed.pending).toEqual(pending);
    frontier.answered(rest, 10);
    expect(frontier.confirmed.pending).toBeUndefined();
  });
});

describe('A cursor that the source gives', () => {
  test.each<{
    title: string;
    underWay: number;
    held: boolean;
    /** Positions at which the source goes on: at once, and when everything under way is answered. */
    atOnce: number;
    atLast: number;
  }>([
    { title: 'is confirmed at once when nothing is under way', underWay: 0, held: false, atOnce: 8, atLast: 8 },
    { title: 'is confirmed with the last request under way', underWay: 2, held: false, atOnce: 1, atLast: 8 },
    { title: 'waits for events that have not left', underWay: 0, held: true, atOnce: 1, atLast: 1 },
    { title: 'waits for them also when other requests are under way', underWay: 2, held: true, atOnce: 1, atLast: 3 },
  ])('A cursor that the source gives $title', ({ underWay, held, atOnce, atLast }) => {
    const frontier = new Frontier(from);
    const sent = departures(frontier, underWay);
    frontier.reach(after(7), held);
    expect(frontier.confirmed.cursor.position).toBe(atOnce);
    for (const [at, departure] of sent.entries()) frontier.answered(departure, 10 + at);
    expect(frontier.confirmed.cursor.position).toBe(atLast);
    expect(frontier.taken).toEqual(after(7));
  });
});

describe('What was taken', () => {
  test('What the frontier has taken goes on after the last record, or at the cursor that the source gave since', () => {
    const frontier = new Frontier(from);
    expect(frontier.taken).toEqual(beginning);
    frontier.take(sampleRecord(1));
    frontier.take(sampleRecord(2));
    expect(frontier.taken).toEqual(after(2));
    frontier.reach(after(5), true);
    expect(frontier.taken).toEqual(after(5));
    frontier.take(sampleRecord(6));
    expect(frontier.taken).toEqual(after(6));
  });

  test('The frontier keeps the source state of the last cursor for records that bring none', () => {
    const memory = { left: [{ chunk: '00000000-2012-09-10-070000.dat', offset: 40, sha1: '', etag: '0x1' }] };
    const frontier = new Frontier({ ...from, cursor: { ...beginning, memory } });
    frontier.take(sampleRecord(1));
    expect(frontier.taken).toEqual({ ...after(1), memory });
  });
});
