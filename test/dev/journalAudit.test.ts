import { describe, expect, it } from 'vitest';

import { acknowledgedEvents, auditJournal, isExact } from '../../dev/journalAudit.js';
import type { Audit, AuditedEvent } from '../../dev/journalAudit.js';
import { sha256 } from '../../dev/writer/journal.js';
import type { JournalEntry } from '../../dev/writer/journal.js';
import { formattedBody } from '../../dev/writer/serviceStackJson.js';

const chunk = '00000001-2013-10-13-200514.dat';
const broken = '{"Note":"a, {b}","Price":12.50}';

/** Commits and what became of them: one with two events, a command, one without events, an unheard one, one more. */
const journal = [
  entry('customer:1', 0, ['{"Id":9007199254740993}', broken]),
  entry('audit', 300, ['{}']),
  entry('order:1', 400, []),
  entry('order:1', 500, ['{"Id":1}', '{"Id":2}'], false),
  entry('payment:1', 900, ['\n\n0000000001\u0010\u0001']),
];
const positions = [1, 2, 3, 4, 5];

describe('the journal audit', () => {
  it('finds nothing wrong with a stream that holds what was acknowledged, once and in order', () => {
    const audit = auditOf(stream());
    expect(audit).toEqual({
      records: 4,
      unacknowledged: 1,
      events: 5,
      bytes: stream().reduce((sum, { data }) => sum + data.length, 0),
      ...nothing,
      findings: [],
    });
    expect(isExact(audit)).toBe(true);
  });

  it('allows an unacknowledged commit to be absent, and then the position behind it is one less', () => {
    const absent = stream(({ offset }) => offset !== 500).map((event) => withMark(event, { position: 4 }, 900));
    const audit = auditOf(absent);
    expect(audit).toMatchObject({ ...nothing, unacknowledged: 0, events: 3 });
  });

  it('counts an event that is there twice', () => {
    const events = stream();
    finds({ duplicates: 1 }, [...events, ...events.slice(-1)]);
    finds({ duplicates: 1 }, [...events.slice(0, 1), ...events]);
  });

  it('counts an event that is missing, at the end and inside a commit, acknowledged or not', () => {
    finds({ gaps: 1 }, stream().slice(0, -1));
    finds(
      { gaps: 1 },
      stream(({ offset, index }) => offset !== 0 || index !== 1),
    );
    finds(
      { gaps: 1 },
      stream(({ offset, index }) => offset !== 500 || index !== 1),
    );
    finds({ gaps: 3 }, []);
  });

  it('counts an event that stands behind a later one', () => {
    const [first, second, third, ...rest] = stream();
    finds({ reordered: 1 }, [second, first, third, ...rest].filter(present));
    finds({ reordered: 1 }, [first, third, second, ...rest].filter(present));
    finds({ reordered: 2 }, [third, first, second, ...rest].filter(present));
  });

  it('counts data that differs in one byte, is longer, or is empty', () => {
    for (const index of stream().keys())
      for (const change of [flipped, longer, () => Buffer.alloc(0)]) finds({ different: 1 }, changed(index, change));
  });

  it('counts JSON that was parsed and printed again', () => {
    finds(
      { different: 1 },
      changed(0, () => Buffer.from('{"Id":9007199254740992}')),
    );
    finds(
      { different: 1 },
      changed(1, (data) => Buffer.from(JSON.stringify(JSON.parse(data.toString())))),
    );
  });

  it('counts another type, and a content type that says JSON of what is none', () => {
    finds({ different: 1 }, stream().with(0, { ...at(0), type: 'Shop/Other' }));
    finds({ different: 1 }, stream().with(4, { ...at(4), contentType: 'application/json' }));
  });

  it('counts a mark with another key, count or position', () => {
    finds({ wrongMarks: 1 }, stream().with(0, withMark(at(0), { key: 'customer:2' })));
    finds({ wrongMarks: 1 }, stream().with(0, withMark(at(0), { count: 1 })));
    finds({ wrongMarks: 1 }, stream().with(0, withMark(at(0), { position: 2 })));
    finds({ wrongMarks: 1 }, stream().with(4, withMark(at(4), { position: 6 })));
  });

  it('counts events that no commit explains: no mark, another place, an excluded key', () => {
    const [first] = stream();
    for (const metadata of ['', '{}', 'no JSON'])
      finds({ foreign: 1 }, [...stream(), { ...at(0), metadata: Buffer.from(metadata) }]);
    finds({ foreign: 1 }, [...stream(), withMark(first ?? at(0), { offset: 301 })]);
    finds({ foreign: 1 }, [...stream(), withMark(first ?? at(0), { chunk: 'other.dat' })]);
    finds({ foreign: 1 }, [...stream(), withMark(at(0), { offset: 300, key: 'audit' })]);
  });

  it('expects the records of a key that is not excluded', () => {
    expect(auditJournal(journal, stream(), [])).toMatchObject({ ...nothing, gaps: 1 });
    expect(acknowledgedEvents(journal)).toBe(3);
    expect(acknowledgedEvents(journal, [])).toBe(4);
  });
});

const nothing = { duplicates: 0, gaps: 0, reordered: 0, different: 0, wrongMarks: 0, foreign: 0 };

function finds(expected: Partial<Audit>, events: readonly AuditedEvent[]): void {
  const audit = auditOf(events);
  expect(audit).toMatchObject({ ...nothing, ...expected });
  expect(isExact(audit)).toBe(false);
  expect(audit.findings.length).toBeGreaterThan(0);
}

function auditOf(events: readonly AuditedEvent[]): Audit {
  return auditJournal(journal, events);
}

function entry(key: string, offset: number, texts: readonly string[], acknowledged = true): JournalEntry {
  const messages = texts.map((text) => {
    const body = storedBody(text);
    return { contract: `Shop/${key}`, bytes: body.length, sha256: sha256(body) };
  });
  return { key, chunk, offset, acknowledged, messages };
}

function storedBody(text: string): Buffer {
  return text.startsWith('{') ? formattedBody(text) : Buffer.from(text);
}

/** What a right replication makes of the journal; the texts that the formatter broke come back as JSON. */
function stream(which: (place: { offset: number; index: number }) => boolean = () => true): AuditedEvent[] {
  const texts = [['{"Id":9007199254740993}', broken], [], [], ['{"Id":1}', '{"Id":2}'], ['\n\n0000000001\u0010\u0001']];
  return journal
    .flatMap(({ key, offset }, number) =>
      (texts[number] ?? []).map((text, index) => {
        const reformatted = text === broken;
        const position = positions[number];
        const count = texts[number]?.length;
        const mark = { chunk, offset, key, index, count, position, ...(reformatted && { reformatted }) };
        return { place: { offset, index }, event: eventOf(key, text, reformatted, mark) };
      }),
    )
    .filter(({ place }) => which(place))
    .map(({ event }, revision) => ({ ...event, revision }));
}

function eventOf(key: string, text: string, reformatted: boolean, mark: object): AuditedEvent {
  return {
    revision: 0,
    type: `Shop/${key}`,
    contentType: text.startsWith('{') ? 'application/json' : 'application/octet-stream',
    data: reformatted ? Buffer.from(text) : storedBody(text),
    metadata: Buffer.from(JSON.stringify({ eventferry: mark })),
  };
}

function at(index: number): AuditedEvent {
  const event = stream()[index];
  if (event === undefined) throw new Error(`the stream has no event ${index}`);
  return event;
}

function changed(index: number, change: (data: Buffer) => Buffer): AuditedEvent[] {
  return stream().with(index, { ...at(index), data: change(Buffer.from(at(index).data)) });
}

function flipped(data: Buffer): Buffer {
  const middle = data.length >> 1;
  data.writeUInt8(data.readUInt8(middle) ^ 1, middle);
  return data;
}

function longer(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.from(' ')]);
}

/** The event with other values in its mark; only where the mark has the offset given, if one is given. */
function withMark(event: AuditedEvent, change: object, onlyAt?: number): AuditedEvent {
  const { eventferry } = JSON.parse(Buffer.from(event.metadata).toString()) as { eventferry: { offset: number } };
  if (onlyAt !== undefined && eventferry.offset !== onlyAt) return event;
  return { ...event, metadata: Buffer.from(JSON.stringify({ eventferry: { ...eventferry, ...change } })) };
}

function present<T>(value: T | undefined): value is T {
  return value !== undefined;
}
