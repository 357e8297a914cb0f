import type { EventChunk } from '../../../dev/eventstore/store/eventChunk.js';
import type { StoredChunk } from '../../../dev/eventstore/store/streamState.js';
import { eventIdOf, parseMark } from '../../../src/convert/eventIdAndMark.js';
import type { Mark } from '../../../src/core/mark.js';
import type { StoredEvent } from '../../../src/target/target.js';
import type { EventStoreNode } from '../world/eventStoreNode.js';
import { settingsWith } from '../schedule/settings.js';
import { frameKey } from './sourceTruth.js';
import type { WrittenRecord } from '../world/tapeFrames.js';

/** An event of the target stream, and its mark. */
export interface Held {
  readonly event: StoredEvent;
  readonly mark: Mark | undefined;
}

/**
 * Checks what must be true of the target stream and the checkpoint after every step, whatever fails. Each event comes
 * from a frame that a writer wrote, in order, complete and once. No row confirms more than the target ever held.
 */
export class Ledger {
  /** What went wrong, in order of time. */
  readonly violations: string[] = [];
  /** How many appends began inside a record. */
  appendsInsideRecords = 0;
  private readonly written = new Map<string, WrittenRecord>();
  /** Every revision and id that was ever committed, also those that the target has lost since. */
  private readonly committed = new Set<string>();
  /** Stored events never change, so each is decoded only once. */
  private readonly looked = new WeakMap<StoredChunk, Held[]>();

  constructor(private readonly stream: string) {}

  wrote(chunk: string, offset: number, record: WrittenRecord, sha1: string): void {
    this.written.set(frameKey(chunk, offset, sha1), record);
  }

  /** Checks events that became visible. */
  commit(node: EventStoreNode, first: number, events: EventChunk): void {
    for (let index = 0; index < events.count; index++) {
      const revision = first + index;
      const held = this.at(node, revision);
      if (!held) return this.violated(`revision ${revision} was committed and is not there`);
      if (index === 0 && (held.mark?.index ?? 0) > 0) this.appendsInsideRecords++;
      this.committed.add(`${revision} ${held.event.id}`);
      this.judgeEvent(held);
      this.judgeOrder(held, revision > 0 ? this.at(node, revision - 1) : undefined);
    }
  }

  /** Checks a row that was written. */
  row(entity: Readonly<Record<string, unknown>>): void {
    const { mark, revision, position } = entity;
    if (typeof mark !== 'string') return;
    const confirmed = JSON.parse(mark) as Mark;
    if (!this.committed.has(`${String(revision)} ${eventIdOf(confirmed)}`)) {
      this.violated(
        `the row confirms revision ${String(revision)}, position ${confirmed.position}, which the target never held`,
      );
    }
    if (Number(position) <= confirmed.position && entity['returnTo'] === undefined) {
      this.violated(`the row's cursor at ${String(position)} lies before its own mark at ${confirmed.position}`);
    }
  }

  /** The event at a revision, even if readers cannot see it. */
  at(node: EventStoreNode, revision: number): Held | undefined {
    const ref = node.store.streams.find(this.stream)?.at(revision);
    if (!ref) return undefined;
    const { stored, index } = ref;
    let held = this.looked.get(stored);
    if (!held) this.looked.set(stored, (held = []));
    return (held[index] ??= heldAt(stored.events, index, revision));
  }

  /** All events of the stream, hidden ones too. */
  all(node: EventStoreNode): Held[] {
    const held: Held[] = [];
    for (let one = this.at(node, 0); one; one = this.at(node, held.length)) held.push(one);
    return held;
  }

  violated(what: string): void {
    this.violations.push(what);
  }

  private judgeEvent({ event, mark }: Held): void {
    if (!mark) return; // an event of another program
    const where = `revision ${event.revision} (position ${mark.position}, index ${mark.index})`;
    if (eventIdOf(mark) !== event.id) this.violated(`${where} has another id than its mark says`);
    const record = this.written.get(frameKey(mark.chunk, mark.offset, mark.sha1));
    if (!record) return this.violated(`${where} comes from a frame that nobody wrote at ${mark.chunk}@${mark.offset}`);
    const message = record.messages[mark.index];
    const { excludeKeys = [], typeMap = {} } = settingsWith(mark.settings)?.options ?? {};
    // A record that was begun is finished, also when its key is excluded since.
    const isLeftOut = mark.index === 0 && excludeKeys.includes(record.key);
    if (isLeftOut || !message) return this.violated(`${where} should make no event`);
    if (record.key !== mark.key || record.messages.length !== mark.count) this.violated(`${where}: the mark is wrong`);
    const type = typeMap[message.contract] ?? message.contract;
    if (type !== event.type || !message.body.equals(event.data)) this.violated(`${where}: other bytes`);
  }

  private judgeOrder({ event, mark }: Held, before: Held | undefined): void {
    if (!mark) return;
    const where = `revision ${event.revision} (position ${mark.position}, index ${mark.index})`;
    if (!before) {
      if (event.revision > 0 || mark.index > 0) this.violated(`${where} is the first event`);
      return;
    }
    const { mark: last } = before;
    if (!last) return; // a foreign event at exactly the revision that our append expected: no append can notice it
    const continues = mark.position === last.position && mark.index === last.index + 1 && mark.sha1 === last.sha1;
    const follows = mark.position > last.position && mark.index === 0 && last.index === last.count - 1;
    if (!continues && !follows)
      this.violated(`${where} follows position ${last.position}, index ${last.index} of ${last.count}`);
  }
}

function heldAt(events: EventChunk, index: number, revision: number): Held {
  const event: StoredEvent = {
    id: events.id(index),
    revision,
    type: events.type(index),
    contentType: events.isJson(index) ? 'application/json' : 'application/octet-stream',
    data: events.data(index),
    metadata: events.metadata(index),
  };
  return { event, mark: parseMark(event.metadata) };
}
