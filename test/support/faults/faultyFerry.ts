import { expect } from 'vitest';

import { CheckpointKeeper } from '../../../src/checkpoint/keeper.js';
import { createConvert } from '../../../src/convert/convert.js';
import { linkAfter } from '../../../src/convert/eventIdAndMark.js';
import { settingsDigest } from '../../../src/config/digest.js';
import type { Parts, Progress } from '../../../src/engine/parts.js';
import { pass, type PassWatch } from '../../../src/engine/pass.js';
import { resume } from '../../../src/engine/resume/resume.js';
import { noEvent } from '../../../src/core/mark.js';
import { asFailure } from '../../../src/core/failure.js';
import type { TargetEvent } from '../../../src/core/record.js';
import { lokadTapes } from '../../../src/source/lokadTapes.js';
import type { Target } from '../../../src/target/target.js';
import { silentLogger } from '../../../src/core/logger.js';
import { noTelemetry } from '../../../src/telemetry/telemetry.js';
import { MemoryCheckpointStore } from '../stores/memoryCheckpoint.js';
import { MemoryContainer } from '../stores/memoryContainer.js';
import type { FakeClock } from '../fakeClock.js';
import { tapeOf, type TapeRecord } from '../stores/tapeWriter.js';

/** The parts of an event that are compared: everything that the server stores. */
export type StoredPart = Pick<TargetEvent, 'id' | 'type' | 'contentType' | 'data' | 'metadata'>;

/** What the target really holds, whatever its answers say. */
export interface Held {
  readonly count: () => number;
  /** All of them, or those from a revision on. */
  readonly events: (from?: number) => readonly StoredPart[];
}

export interface FaultyFerryOptions {
  /** The bodies of each record's messages; a record whose key is `audit` makes no event. */
  readonly records: readonly { readonly key: string; readonly bodies: readonly Buffer[] }[];
  readonly chunkRecords: number;
  readonly readRecords: number;
  readonly saveEveryMs: number;
  readonly stream: string;
  readonly target: Target;
  readonly held: Held;
  readonly clock: FakeClock;
  /** Called at each failure that leads back to resume. */
  readonly failed?: () => void;
}

/** After so many failures a test gives up: the run would never end. */
const maxTries = 60;
const types = ['Sample', 'Ünïcode', '名前', 'a/b 🎉'];

/**
 * The real source, conversion, resume, pass and checkpoint, with chunks in memory and a target that fails. Whenever
 * events are confirmed, it compares the confirmed progress with what the target holds.
 */
export class FaultyFerry {
  /** Failures that led back to resume. */
  readonly failures: string[] = [];
  private readonly parts: Parts;
  /** How many events the records before a position make. */
  private readonly eventsBefore: readonly number[];

  constructor(private readonly options: FaultyFerryOptions) {
    const { clock, stream, target, readRecords, saveEveryMs } = options;
    const settingsByName = { SOURCE_ID: 'tapes' };
    const settings = settingsDigest(settingsByName);
    const convert = createConvert({
      sourceId: 'tapes',
      excludeKeys: ['audit'],
      bodyMode: 'raw',
      typeMap: {},
      stripNamespaces: [],
      settings,
    });
    const { blobs, counts } = tapes(options);
    this.eventsBefore = counts;
    this.parts = {
      source: lokadTapes({
        container: new MemoryContainer(blobs).client,
        readRecords,
        settleSeconds: 0,
        listAllSeconds: 300,
        onDamage: 'stop',
        clock,
        logger: silentLogger,
      }),
      convert,
      target,
      checkpoint: new CheckpointKeeper(
        new MemoryCheckpointStore(),
        clock,
        { source: 'tapes', stream, settings: settingsByName },
        saveEveryMs,
      ),
      history: { add: () => Promise.resolve(), recent: () => Promise.resolve([]) },
      clock,
      logger: silentLogger,
      telemetry: noTelemetry,
      sourceId: 'tapes',
      stream,
      settingsDigest: settings,
      settingsByName,
    };
  }

  /** Runs until a pass gets to the head. Then compares what the target holds with what was written. */
  async runToTheHead(): Promise<void> {
    const { signal } = new AbortController();
    for (;;) {
      try {
        const place = await resume(this.parts, signal);
        this.compare(place);
        const reached = await pass(place, this.parts, signal, this.watch());
        this.compare(reached);
        expect(reached.cursor.position).toBe(this.options.records.length + 1);
        this.compare(await resume(this.parts, signal));
        break;
      } catch (thrown) {
        const failure = asFailure(thrown);
        if (failure.kind === 'Unexpected' || !['resume', 'wait'].includes(failure.policy)) throw thrown;
        this.failures.push(failure.kind);
        this.options.failed?.();
        if (this.failures.length > maxTries) throw thrown;
      }
    }
    await this.compareAll();
  }

  private watch(): PassWatch {
    return {
      advanced: (confirmed) => {
        this.compare(confirmed);
        return Promise.resolve();
      },
      ended: (confirmed, sentTo) => {
        this.compare(confirmed);
        expect(sentTo).toBeGreaterThanOrEqual(confirmed.revision);
      },
    };
  }

  /** Expects that confirmed progress ends with a whole record, and that the target holds all of it. */
  private compare({ revision, cursor, pending }: Progress): void {
    const { count } = this.options.held;
    expect(count()).toBeGreaterThan(revision);
    // A record may be half replicated: the rest of it is appended before the records after the cursor.
    const rest = pending?.events.length ?? 0;
    expect(this.eventsBefore[cursor.position - 1]).toBe(revision + 1 + rest);
  }

  private async compareAll(): Promise<void> {
    const { held, records } = this.options;
    const written = records.flatMap(({ key, bodies }) => (key === 'audit' ? [] : bodies));
    const converted = await this.converted();
    const events = held.events();
    expect(events.map(({ id }) => id)).toEqual(converted.map(({ id }) => id));
    for (const [index, { type, contentType, data, metadata }] of events.entries()) {
      const must = converted[index];
      if (must) linkAfter(must, events[index - 1]?.id ?? noEvent);
      expect({ type, contentType }).toEqual({ type: must?.type, contentType: must?.contentType });
      expect(Buffer.compare(data, written[index] ?? Buffer.of())).toBe(0);
      expect(Buffer.compare(metadata, must?.metadata ?? Buffer.of())).toBe(0);
    }
  }

  private async converted(): Promise<TargetEvent[]> {
    const events: TargetEvent[] = [];
    const from = { chunk: '', offset: 0, sha1: '', position: 1 };
    for await (const { records } of this.parts.source.read(from, new AbortController().signal))
      for (const record of records) events.push(...this.parts.convert(record));
    return events;
  }
}

/** Writes the chunks, and counts how many events the records before each position make. */
function tapes({ records, chunkRecords }: FaultyFerryOptions): { blobs: Map<string, Buffer>; counts: number[] } {
  const blobs = new Map<string, Buffer>();
  const counts = [0];
  for (const { key, bodies } of records) counts.push((counts.at(-1) ?? 0) + (key === 'audit' ? 0 : bodies.length));
  for (let from = 0; from < records.length; from += chunkRecords) {
    const chunk = records.slice(from, from + chunkRecords).map(({ key, bodies }): TapeRecord => {
      return { key, messages: bodies.map((body, index) => [types[index % types.length] ?? '', body]) };
    });
    const hour = String(Math.floor(from / chunkRecords)).padStart(6, '0');
    blobs.set(`${String(from).padStart(8, '0')}-2013-10-15-${hour}.dat`, tapeOf(chunk));
  }
  return { blobs, counts };
}
