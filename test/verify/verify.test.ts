import { describe, expect, test } from 'vitest';
import type { Difference } from '../../src/verify/compare/difference.js';
import { Verification } from '../../src/verify/compare/verification.js';
import { linkAfter } from '../../src/convert/eventIdAndMark.js';
import { noEvent } from '../../src/core/mark.js';
import { createConvert } from '../../src/convert/convert.js';
import type { SourceRecord, TargetEvent } from '../../src/core/record.js';
import type { StoredEvent } from '../../src/target/target.js';
import { sampleRecord } from '../support/stores/sampleRecords.js';

const convert = createConvert({
  sourceId: 'sample',
  excludeKeys: [],
  bodyMode: 'auto',
  typeMap: {},
  stripNamespaces: [],
  settings: '00000000',
});

const expected = linked([1, 2, 3, 4, 5].flatMap((position) => [...convert(withTwo(position))]));

function linked(events: readonly TargetEvent[]): readonly TargetEvent[] {
  events.forEach((event, index) => linkAfter(event, events[index - 1]?.id ?? noEvent));
  return events;
}

function withTwo(position: number): SourceRecord {
  return sampleRecord(position, 2);
}

/** The stream as it should be; positions 1 to 5 with two events each. */
function stream(): StoredEvent[] {
  return expected.map(({ id, type, contentType, data, metadata }, revision) => ({
    id,
    type,
    contentType,
    data,
    metadata,
    revision,
  }));
}

function firstEvent(): StoredEvent {
  return stream()[0] ?? expect.fail('the stream is empty');
}

/** The stream after a change, numbered anew. */
function changed(change: (events: StoredEvent[]) => void): StoredEvent[] {
  const events = stream();
  change(events);
  return events.map((event, revision) => ({ ...event, revision }));
}

function replace(events: StoredEvent[], at: number, change: Partial<StoredEvent>): void {
  const event = events[at];
  if (event) events[at] = { ...event, ...change };
}

async function differences(events: readonly StoredEvent[]): Promise<Difference[]> {
  const verification = new Verification(source(), 'sample');
  const found: Difference[] = [];
  for (const event of events) found.push(...(await verification.stored(event)));
  for await (const difference of verification.end()) found.push(difference);
  return found;
}

async function* source(): AsyncGenerator<TargetEvent> {
  for (const event of expected) yield await Promise.resolve(event);
}

const named = (found: readonly Difference[]) =>
  found.map(({ kind, position, index, revision }) => ({ kind, position, index, revision }));

describe('a verification', () => {
  test('A verification finds nothing wrong in a stream that is as it should be', async () => {
    expect(await differences(stream())).toEqual([]);
  });

  test.each<[string, (events: StoredEvent[]) => void, Partial<Difference>[]]>([
    [
      'one changed byte',
      (events) => replace(events, 3, { data: Buffer.from('2') }),
      [{ kind: 'changed-data', position: 2, index: 1, revision: 3 }],
    ],
    ['one missing', (events) => events.splice(4, 1), [{ kind: 'missing', position: 3, index: 0 }]],
    ['one missing at the end', (events) => events.splice(9, 1), [{ kind: 'missing', position: 5, index: 1 }]],
    [
      'one doubled',
      (events) => events.splice(5, 0, ...events.slice(4, 5)),
      [{ kind: 'doubled', position: 3, index: 0, revision: 5 }],
    ],
    [
      'one doubled at the end',
      (events) => events.push(...events.slice(0, 1)),
      [{ kind: 'doubled', position: 1, index: 0, revision: 10 }],
    ],
    [
      'two swapped',
      (events) => events.splice(6, 2, ...events.slice(6, 8).reverse()),
      [{ kind: 'reordered', position: 4, index: 0, revision: 7 }],
    ],
    [
      'a foreign event at the end',
      (events) => events.push({ ...firstEvent(), metadata: Buffer.from('{}') }),
      [{ kind: 'foreign', revision: 10 }],
    ],
    [
      'a foreign event in the middle',
      (events) => events.splice(2, 0, { ...firstEvent(), id: '00000000-0000-4000-8000-000000000000' }),
      [{ kind: 'foreign', revision: 2 }],
    ],
    [
      'a wrong content type',
      (events) => replace(events, 0, { contentType: 'application/octet-stream' }),
      [{ kind: 'changed-content-type', position: 1, index: 0, revision: 0 }],
    ],
    [
      'a wrong type',
      (events) => replace(events, 8, { type: 'Other' }),
      [{ kind: 'changed-type', position: 5, index: 0, revision: 8 }],
    ],
    [
      'another id',
      (events) => replace(events, 7, { id: '00000000-0000-4000-8000-000000000000' }),
      [{ kind: 'changed-id', position: 4, index: 1, revision: 7 }],
    ],
    [
      'a changed mark',
      (events) => {
        const mark = stream()[1]?.metadata.toString().replace('"key":"', '"key":"x') ?? '';
        replace(events, 1, { metadata: Buffer.from(mark) });
      },
      [{ kind: 'changed-mark', position: 1, index: 1, revision: 1 }],
    ],
    [
      'one changed byte in a mark',
      (events) => {
        const mark =
          stream()[1]
            ?.metadata.toString()
            .replace(/"key":"./, '"key":"~') ?? '';
        replace(events, 1, { metadata: Buffer.from(mark) });
      },
      [{ kind: 'changed-mark', position: 1, index: 1, revision: 1 }],
    ],
    [
      'an event that follows another one than it names',
      (events) => {
        const event = { mark: { ...expected[9]?.mark }, metadata: Buffer.from(events[9]?.metadata ?? []) };
        linkAfter(event as unknown as TargetEvent, expected[3]?.id ?? '');
        replace(events, 9, { metadata: event.metadata });
      },
      [{ kind: 'chain', position: 5, index: 1, revision: 9 }],
    ],
    [
      'all of it',
      (events) => events.splice(0),
      expected.map(({ mark }) => ({ kind: 'missing', position: mark.position, index: mark.index })),
    ],
  ])('A verification names %s with position and revision', async (_, change, found) => {
    expect(named(await differences(changed(change)))).toEqual(
      found.map((one) => ({ position: undefined, index: undefined, revision: undefined, ...one })),
    );
  });
});
