import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { createConvert } from '../../src/convert/convert.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLogger } from '../../src/core/logger.js';
import type { TargetEvent } from '../../src/core/record.js';
import type { Parts } from '../../src/engine/parts.js';
import { lokadTapes } from '../../src/source/lokadTapes.js';
import { AppendLimit } from '../../src/target/append/limit.js';
import type { AppendCall, Target } from '../../src/target/target.js';
import { MemoryContainer } from '../support/stores/memoryContainer.js';
import { frameOf, type TapeRecord } from '../support/stores/tapeWriter.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The events that something still refers to. */
export class LiveEvents {
  private made: WeakRef<TargetEvent>[] = [];
  /** The most bytes of data and metadata that were alive at any look. */
  mostBytes = 0;
  looks = 0;

  readonly add = (event: TargetEvent): TargetEvent => {
    this.made.push(new WeakRef(event));
    return event;
  };

  look(): void {
    collectGarbage();
    this.looks++;
    let bytes = 0;
    this.made = this.made.filter((ref) => {
      const event = ref.deref();
      bytes += event ? event.data.length + event.metadata.length : 0;
      return event !== undefined;
    });
    this.mostBytes = Math.max(this.mostBytes, bytes);
  }

  /** Looks again and again, between two turns of what is done. */
  async lookDuring(work: () => Promise<unknown>, everyTurns: number): Promise<void> {
    let turns = 0;
    let over = false;
    const turn = (): void => {
      if (turns++ % everyTurns === 0) this.look();
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    await work().finally(() => (over = true));
  }
}

const appendBytes = 1_048_576;

/** What a pass or a dry run needs to replicate one frame to a target that takes everything and keeps only numbers. */
export function oneFrameParts(record: TapeRecord, live: LiveEvents) {
  const arrived: number[] = [];
  const call: AppendCall = {
    append: (_stream, { events }, expected) => {
      for (const { mark } of events) arrived.push(mark.index);
      return Promise.resolve(expected + events.length);
    },
    writable: () => Promise.resolve(),
    close: () => undefined,
  };
  const limit = new AppendLimit(appendBytes);
  const target: Pick<Target, 'open' | 'measure' | 'appendBytes' | 'tail'> = {
    appendBytes,
    measure: (event) => limit.measure(event),
    open: () => call,
    tail: () => Promise.resolve({ kind: 'absent' }),
  };
  const blobs = new Map([['00000000-2013-10-15-000000.dat', frameOf(record)]]);
  const settings = '00000000';
  const convert = createConvert({
    sourceId: 'tapes',
    excludeKeys: [],
    bodyMode: 'auto',
    typeMap: {},
    stripNamespaces: [],
    settings,
  });
  const checkpoint = { load: () => Promise.resolve(undefined), advance: () => Promise.resolve() };
  const parts: Partial<Parts> = {
    source: lokadTapes({
      container: new MemoryContainer(blobs).client,
      readRecords: 10_000,
      settleSeconds: 60,
      listAllSeconds: 300,
      onDamage: 'stop',
      clock: systemClock,
      logger: silentLogger,
    }),
    target: target as Target,
    convert: (from) => convert(from).map(live.add),
    checkpoint: checkpoint as unknown as Parts['checkpoint'],
    stream: 'billing',
    settingsDigest: settings,
    clock: systemClock,
  };
  return { parts: parts as Parts, arrived };
}

const empty = Buffer.alloc(0);

/** A record with so many empty messages, and with attributes of so many bytes. */
export function repeating(messages: number, attributeBytes: number): TapeRecord {
  return {
    attributes: attributeBytes > 0 ? [['a', 'x'.repeat(attributeBytes)]] : [],
    messages: Array.from({ length: messages }, () => ['A', empty] as const),
  };
}
