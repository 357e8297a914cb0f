import type { BackupReport, ChunkReport, InspectionTotals } from '../source/inspection.js';
import { mostFrequentFirst, tallyLines } from './tally.js';
import { counted, number, printable } from './wording.js';

const columns = { name: 34, era: 6, bytes: 9, frames: 8 };

/** What was found wrong, in numbers. */
interface Findings {
  torn: number;
  corrupt: number;
  hiddenFrames: number;
  gaps: number;
  openCopies: number;
  framesOnlyInCopies: number;
}

/** Words and numbers for what an inspection finds, chunk by chunk, then in all. */
export class InspectionReport {
  private readonly findings: Findings = {
    ...{ torn: 0, corrupt: 0, hiddenFrames: 0 },
    ...{ gaps: 0, openCopies: 0, framesOnlyInCopies: 0 },
  };
  private readonly chunksByEra = new Map<string, number>();

  constructor(
    private readonly container: string,
    private readonly totals: InspectionTotals,
  ) {}

  readonly heading = row('CHUNK', 'ERA', 'BYTES', 'FRAMES', 'POSITIONS');

  add(chunk: ChunkReport): void {
    const { findings } = this;
    const era = chunk.era ?? 'none';
    this.chunksByEra.set(era, (this.chunksByEra.get(era) ?? 0) + 1);
    for (const { kind } of chunk.damage) findings[kind] += 1;
    findings.hiddenFrames += chunk.hiddenFrames;
    findings.gaps += chunk.missingBefore > 0 ? 1 : 0;
    findings.openCopies += chunk.openCopy === undefined ? 0 : 1;
    findings.framesOnlyInCopies += chunk.backup?.framesOnlyHere ?? 0;
  }

  /** A row, and a line below it for everything that is not as it should be. */
  chunkLines(chunk: ChunkReport): string[] {
    const { name, era = '-', bytes, frames, firstPosition, lastPosition, damage, hiddenFrames, missingBefore } = chunk;
    const positions = firstPosition === undefined ? '-' : `${firstPosition}-${lastPosition}`;
    return [
      row(name, era, number(bytes), number(frames), positions),
      ...(missingBefore > 0
        ? [`  gap: its name says that ${counted(missingBefore, 'record')} before it are missing`]
        : []),
      ...damage.map(
        ({ kind, offset, bytes: length, reason, nextFrameAt }) =>
          `  ${kind} at byte ${number(offset)}, ${counted(length, 'byte')}: ${printable(reason)}` +
          (nextFrameAt === undefined ? '' : `; the next valid frame is at byte ${number(nextFrameAt)}`),
      ),
      ...(hiddenFrames > 0
        ? [`  ${counted(hiddenFrames, 'valid frame')} behind that, without a position unless ON_DAMAGE is salvage`]
        : []),
      ...(chunk.openCopy === undefined ? [] : [`  its copy is ${chunk.openCopy}: it is not read past`]),
      ...(chunk.backup ? [copyLine(chunk.backup)] : []),
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
      chunksByEra: Object.fromEntries(this.chunksByEra),
      findings: { ...this.findings, framesOnlyInCopies: this.framesOnlyInCopies },
      keys: mostFrequentFirst(recordsByKey),
      contracts: mostFrequentFirst(messagesByContract),
    };
  }

  get lines(): string[] {
    const { chunks, records, messages, opaqueRecords, bytes, ignoredNames, orphanBackups } = this.totals;
    const opaque = opaqueRecords > 0 ? ` (${counted(opaqueRecords, 'record')} opaque)` : '';
    const eras = [...this.chunksByEra].map(([era, count]) => `${number(count)} ${era}`).join(', ');
    return [
      '',
      `Container ${this.container}: ${counted(chunks, 'chunk')}${chunks > 0 ? ` (${eras})` : ''}, ${counted(bytes, 'byte')}.`,
      records === 0
        ? 'No record.'
        : `${counted(records, 'record')}, position 1 to ${records}; ${counted(messages, 'message')}${opaque}.`,
      ...(ignoredNames > 0 ? [`${counted(ignoredNames, 'name')} that are no chunks, ignored.`] : []),
      ...orphanBackups.map((copy) => `Without its chunk: ${copyLine(copy).trim()}`),
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
      torn > 0 && counted(torn, 'torn tail'),
      corrupt > 0 && counted(corrupt, 'corrupt place'),
      hiddenFrames > 0 && `${counted(hiddenFrames, 'valid frame')} hidden behind damage`,
      gaps > 0 && counted(gaps, 'gap'),
      openCopies > 0 && `${counted(openCopies, 'chunk')} still being copied`,
      this.framesOnlyInCopies > 0 && `${counted(this.framesOnlyInCopies, 'valid frame')} only in .bak copies`,
    ].filter((text) => text !== false);
    return found.length === 0 ? 'Nothing is wrong.' : `Found: ${found.join(', ')}.`;
  }
}

function row(name: string, era: string, bytes: string, frames: string, positions: string): string {
  const { name: nameWidth, era: eraWidth, bytes: bytesWidth, frames: framesWidth } = columns;
  return [name.padEnd(nameWidth), era.padEnd(eraWidth), bytes.padStart(bytesWidth), frames.padStart(framesWidth)]
    .concat(positions)
    .join('  ');
}

function copyLine({ name, bytes, framesOnlyHere }: BackupReport): string {
  const more =
    framesOnlyHere > 0
      ? `holds ${counted(framesOnlyHere, 'valid frame')} that are not in the chunk`
      : 'holds nothing more';
  return `  copy ${printable(name)}, ${counted(bytes, 'byte')}, ${more}`;
}
