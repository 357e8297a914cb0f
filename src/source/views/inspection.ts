import type { SourceRecord } from '../../core/record.js';
import type { ListedChunk } from '../chunks/catalog.js';
import { parseChunkName } from '../chunks/name.js';
import { variants, type FrameVariant } from '../lokad/frame.js';
import { walkFrames, type Damage, type WalkedFrame } from '../reading/walk.js';
import { toRecord } from '../lokad/record.js';
import { Tapes, type TapeOptions } from '../tapes.js';

/** What is wrong at one place of a chunk. */
export interface DamageReport {
  /** `torn`: nothing valid follows in the chunk. `corrupt`: something does, or the frame is too large to be read. */
  readonly kind: 'torn' | 'corrupt';
  readonly offset: number;
  /** Up to the next valid frame, or to the last byte that is not zero. */
  readonly bytes: number;
  readonly reason: string;
  readonly nextFrameAt?: number;
}

/** One chunk, as `eventferry inspect` shows it. Positions are those that `ON_DAMAGE` as set gives. */
export interface ChunkReport {
  readonly name: string;
  /** Undefined for a chunk that holds no frame. */
  readonly variant: FrameVariant | undefined;
  readonly bytes: number;
  /** Frames that have a position. */
  readonly frames: number;
  readonly firstPosition?: number;
  readonly lastPosition?: number;
  readonly damage: readonly DamageReport[];
  /** Valid frames after damage that have no position, since `ON_DAMAGE` is not `salvage`. */
  readonly hiddenFrames: number;
  /** By so many records the chunk's name is ahead of what was read before it. */
  readonly missingBefore: number;
  /** State of a copy that has not succeeded; reading does not go beyond such a chunk. */
  readonly openCopy?: string;
  readonly backup?: BackupReport;
}

/** A `.bak` copy, and how many valid frames it holds that its chunk has not. */
export interface BackupReport {
  readonly name: string;
  readonly bytes: number;
  readonly framesOnlyHere: number;
}

/** Grows while the chunks are walked; complete when the walk is. */
export type InspectionTotals = ReturnType<typeof noTotals>;

/** A look at a whole source from its first chunk on, without a target and without an end at what is wrong. */
export interface Inspection {
  readonly totals: InspectionTotals;
  /** Every chunk in reading order. To be walked once. @throws Failure `SourceUnreachable` */
  chunks(signal: AbortSignal): AsyncIterable<ChunkReport>;
  /**
   * The record at a position, and its stream version as the original computes it: one more than the records with the
   * same key before it. Undefined after the last record. Reads everything before it.
   */
  record(
    position: number,
    signal: AbortSignal,
  ): Promise<{ readonly record: SourceRecord; readonly streamVersion: number } | undefined>;
}

/** Builds an inspection; contacts nothing yet. */
export function inspectTapes(options: TapeOptions): Inspection {
  const tapes = new Tapes(options);
  const totals = noTotals();
  return {
    totals,
    chunks: (signal) => new Walk(tapes, totals).chunks(signal),
    record: (position, signal) => findRecord(tapes, position, signal),
  };
}

async function findRecord(tapes: Tapes, position: number, signal: AbortSignal) {
  const totals = noTotals();
  const walk = new Walk(tapes, totals);
  let found: SourceRecord | undefined;
  walk.onRecord = (record) => {
    if (record.position === position) found = record;
    return found === undefined;
  };
  for await (const { lastPosition = 0 } of walk.chunks(signal)) if (lastPosition >= position) break;
  return found && { record: found, streamVersion: totals.recordsByKey.get(found.key) ?? 0 };
}

function noTotals() {
  return {
    chunks: 0,
    records: 0,
    messages: 0,
    /** Records whose payload is not looked into. */
    opaqueRecords: 0,
    bytes: 0,
    /** Names that are neither a chunk nor a `.bak` copy of one. */
    ignoredNames: 0,
    /** Copies whose chunk is not there. */
    orphanBackups: new Array<BackupReport>(),
    /** Records by key, and messages by contract name. */
    recordsByKey: new Map<string, number>(),
    messagesByContract: new Map<string, number>(),
  };
}

type NamedBytes = Pick<BackupReport, 'name' | 'bytes'>;

class Walk {
  /** Called for each record; false ends the walk of its chunk. */
  onRecord: (record: SourceRecord) => boolean = () => true;
  private position = 1;

  constructor(
    private readonly tapes: Tapes,
    private readonly totals: InspectionTotals,
  ) {}

  async *chunks(signal: AbortSignal): AsyncGenerator<ChunkReport> {
    const { catalog, variant } = this.tapes;
    const { backups, ignored } = await catalog.listAll(signal);
    await variant.look(undefined, signal);
    this.totals.ignoredNames = ignored;
    const byChunk = new Map(backups.map((backup) => [backup.name.slice(0, -'.bak'.length), backup]));
    for (const chunk of catalog.ordered) {
      const backup = byChunk.get(chunk.name);
      byChunk.delete(chunk.name);
      yield await this.chunk(chunk, backup, signal);
    }
    for (const backup of byChunk.values())
      this.totals.orphanBackups.push(await this.backup(backup, undefined, 0, signal));
  }

  private async chunk(chunk: ListedChunk, backup: NamedBytes | undefined, signal: AbortSignal): Promise<ChunkReport> {
    const { name, bytes, openCopy } = chunk;
    const variant = await this.tapes.probe.variantOf(chunk, signal);
    const first = this.position;
    const expected = variant ?? this.tapes.variant.expected(undefined);
    const { damage, hiddenFrames, framesEnd } = await this.frames(name, expected, signal);
    const frames = this.position - first;
    this.totals.chunks++;
    this.totals.bytes += bytes;
    const prefix = parseChunkName(name)?.prefix ?? 0;
    return {
      ...{ name, variant, bytes, frames, damage, hiddenFrames },
      ...(frames > 0 && { firstPosition: first, lastPosition: this.position - 1 }),
      missingBefore: frames > 0 ? Math.max(0, prefix - first) : 0,
      ...(openCopy !== undefined && { openCopy }),
      ...(backup && { backup: await this.backup(backup, expected, framesEnd, signal) }),
    };
  }

  private async frames(name: string, variant: FrameVariant, signal: AbortSignal) {
    const damage: DamageReport[] = [];
    let hiddenFrames = 0;
    let framesEnd = 0;
    for await (const item of walkFrames(this.tapes.reader, name, variant, 0, signal)) {
      if (item.kind === 'damage') {
        damage.push(damageReport(item));
        continue;
      }
      framesEnd = item.found.bytesAt + item.found.frame.end;
      if (damage.length > 0 && this.tapes.options.onDamage !== 'salvage') hiddenFrames++;
      else if (!this.record(name, item.found)) break;
    }
    return { damage, hiddenFrames, framesEnd };
  }

  private record(chunk: string, { bytes, bytesAt, start, frame }: WalkedFrame): boolean {
    const place = { chunk, bufferAt: bytesAt, position: this.position++, returnTo: undefined };
    const record = toRecord(bytes, start, frame, place);
    const { totals } = this;
    totals.records++;
    addOne(totals.recordsByKey, record.key);
    if (record.payload.kind === 'opaque') {
      totals.opaqueRecords++;
    } else {
      totals.messages += record.payload.messages.length;
      for (const { contract } of record.payload.messages) {
        addOne(totals.messagesByContract, Buffer.from(contract).toString('utf8'));
      }
    }
    return this.onRecord(record);
  }

  /** @param from where the frames of the chunk end: what the copy has after that, the chunk has not */
  private async backup(
    { name, bytes }: NamedBytes,
    variant: FrameVariant | undefined,
    from: number,
    signal: AbortSignal,
  ): Promise<BackupReport> {
    let framesOnlyHere = 0;
    for (const one of variant ? [variant] : variants) {
      for await (const { kind } of walkFrames(this.tapes.reader, name, one, from, signal)) {
        if (kind === 'frame') framesOnlyHere++;
      }
    }
    return { name, bytes, framesOnlyHere };
  }
}

function damageReport({ offset, rest }: Damage): DamageReport {
  const { kind, reason, strayBytes, nextFrameAt } = rest;
  return {
    kind: kind === 'torn' ? 'torn' : 'corrupt',
    ...{ offset, bytes: strayBytes, reason },
    ...(nextFrameAt !== undefined && { nextFrameAt }),
  };
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
