import type { BackupReport, ChunkReport, InspectionTotals } from '../../source/views/inspection.js';
import { mostFrequentFirst, tallyLines } from './tally.js';
import { counted, number } from './wording.js';

/** Words and numbers for what an inspection finds, chunk by chunk, then in all. */
export class InspectionReport {
  private readonly findings = { torn: 0, corrupt: 0, hiddenFrames: 0, gaps: 0, openCopies: 0, framesOnlyInCopies: 0 };
  private copies = 0;
  private readonly chunksByVariant = new Map<ChunkReport['variant'], number>();

  constructor(
    private readonly container: string,
    private readonly totals: InspectionTotals,
  ) {}

  readonly heading = row('CHUNK', 'VARIANT', 'BYTES', 'FRAMES', 'POSITIONS');

  add(chunk: ChunkReport): void {
    const { findings } = this;
    this.chunksByVariant.set(chunk.variant, (this.chunksByVariant.get(chunk.variant) ?? 0) + 1);
    this.copies += chunk.backup ? 1 : 0;
    for (const { kind } of chunk.damage) findings[kind] += 1;
    findings.hiddenFrames += chunk.hiddenFrames;
    findings.gaps += chunk.missingBefore > 0 ? 1 : 0;
    findings.openCopies += chunk.openCopy === undefined ? 0 : 1;
    findings.framesOnlyInCopies += chunk.backup?.framesOnlyHere ?? 0;
  }

  /** A row, and a line below it for everything that is not as it should be. */
  chunkLines(chunk: ChunkReport): string[] {
    const { name, variant = '-', bytes, frames, firstPosition, lastPosition } = chunk;
    const { damage, hiddenFrames, missingBefore } = chunk;
    const positions = firstPosition === undefined ? '-' : `${firstPosition}-${lastPosition}`;
    return [
      row(name, variant, number(bytes), number(frames), positions),
      ...(missingBefore > 0 ? [`  gap: by its name, records missing before it: ${number(missingBefore)}`] : []),
      ...damage.map(
        ({ kind, offset, bytes: length, reason, nextFrameAt }) =>
          `  ${kind} at byte ${number(offset)}, ${counted(length, 'byte')}: ${reason}` +
          (nextFrameAt === undefined ? '' : `; the next valid frame is at byte ${number(nextFrameAt)}`),
      ),
      ...(hiddenFrames > 0
        ? [`  ${counted(hiddenFrames, 'valid frame')} after that, without a position unless ON_DAMAGE is salvage`]
        : []),
      ...(chunk.openCopy === undefined ? [] : [`  its copy is ${chunk.openCopy}: nothing after it is read`]),
      ...(chunk.backup && chunk.backup.framesOnlyHere > 0 ? [`  ${copyText(chunk.backup)}`] : []),
    ];
  }

  get summary(): object {
    const { recordsByKey, messagesByContract, records, ...totals } = this.totals;
    return {
      container: this.container,
      ...totals,
      records,
      firstPosition: records > 0 ? 1 : null,
      lastPosition: records > 0 ? records : null,
      copies: this.copies,
      chunksByVariant: Object.fromEntries(
        [...this.chunksByVariant].map(([variant, count]) => [variant ?? 'none', count]),
      ),
      findings: { ...this.findings, framesOnlyInCopies: this.framesOnlyInCopies },
      keys: mostFrequentFirst(recordsByKey),
      contracts: mostFrequentFirst(messagesByContract),
    };
  }

  get lines(): string[] {
    const { chunks, records, messages, opaqueRecords, bytes, ignoredNames, orphanBackups } = this.totals;
    const opaque = opaqueRecords > 0 ? ` (${counted(opaqueRecords, 'record')} opaque)` : '';
    const kinds = [...this.chunksByVariant].map(([kind, count]) => `${number(count)} ${kind ?? 'without frames'}`);
    return [
      '',
      `Container ${this.container}: ${counted(chunks, 'chunk')}${chunks > 0 ? ` (${kinds.join(', ')})` : ''}, ${counted(bytes, 'byte')}.`,
      records === 0
        ? 'No record.'
        : `${counted(records, 'record')}, position 1 to ${records}; ${counted(messages, 'message')}${opaque}.`,
      ...(ignoredNames > 0 ? [`Names that are no chunks, ignored: ${number(ignoredNames)}.`] : []),
      ...(this.copies > 0 ? [`Chunks with a .bak copy: ${number(this.copies)}.`] : []),
      ...orphanBackups.map((copy) => `Its chunk is gone: ${copyText(copy)}.`),
      this.findingsLine,
      ...tallyLines('Records by key', mostFrequentFirst(this.totals.recordsByKey)),
      ...tallyLines('Messages by contract', mostFrequentFirst(this.totals.messagesByContract)),
    ];
  }

  private get framesOnlyInCopies(): number {
    const orphaned = this.totals.orphanBackups.reduce((sum, { framesOnlyHere }) => sum + framesOnlyHere, 0);
    return this.findings.framesOnlyInCopies + orphaned;
  }

  private get findingsLine(): string {
    const { torn, corrupt, hiddenFrames, gaps, openCopies } = this.findings;
    const found = [
      torn > 0 && counted(torn, 'torn end'),
      corrupt > 0 && counted(corrupt, 'corrupt place'),
      hiddenFrames > 0 && `${counted(hiddenFrames, 'valid frame')} hidden after damage`,
      gaps > 0 && counted(gaps, 'gap'),
      this.chunksByVariant.has('int32') &&
        this.chunksByVariant.has('varint') &&
        'frames of both variants (SourceMixed)',
      openCopies > 0 && `${counted(openCopies, 'chunk')} still being copied`,
      this.framesOnlyInCopies > 0 && `${counted(this.framesOnlyInCopies, 'valid frame')} only in .bak copies`,
    ].filter((text) => text !== false);
    return found.length === 0 ? 'Nothing is wrong.' : `Found: ${found.join(', ')}.`;
  }
}

function row(name: string, variant: string, bytes: string, frames: string, positions: string): string {
  return [name.padEnd(34), variant.padEnd(7), bytes.padStart(9), frames.padStart(8), positions].join('  ');
}

function copyText({ name, bytes, framesOnlyHere }: BackupReport): string {
  const frames = `${counted(framesOnlyHere, 'valid frame')} that ${framesOnlyHere === 1 ? 'is' : 'are'} in no chunk`;
  return `copy ${name} (${counted(bytes, 'byte')}) holds ${frames}`;
}
