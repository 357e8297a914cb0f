import { appendFileSync, existsSync, readFileSync } from 'node:fs';

import type { PlacedCommit } from './tapeAppender.js';

/** One try to append a commit, as the writer noted it before the write and, when it came to that, after the answer. */
export interface JournalEntry {
  readonly key: string;
  readonly chunk: string;
  readonly offset: number;
  readonly frameBytes: number;
  readonly stamp: number;
  /** The frame's SHA-1, 40 hex digits. */
  readonly sha1: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly messages: readonly JournalMessage[];
  /** False when the writer never heard whether the commit was written: it may be there or not. */
  acknowledged: boolean;
}

export interface JournalMessage {
  readonly contract: string;
  /** The body as it was written, in base64. */
  readonly body: string;
}

type Line = Omit<JournalEntry, 'acknowledged'> | { readonly acknowledged: readonly [from: number, to: number] };

/**
 * The writer's own record of what it appended: a line before each write, a line once the storage has answered. Each
 * line is given to the operating system at once, so it outlives a kill of the process (not a crash of the machine).
 */
export class Journal {
  private constructor(
    private readonly path: string,
    private entryCount: number,
  ) {}

  /** Opens the file, or begins one; a line that a crash cut off is ended and will be ignored. */
  static open(path: string): Journal {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');
    return new Journal(path, entriesOf(text).length);
  }

  /** Notes commits that are about to be written; returns what `acknowledge` wants. */
  intend(placed: readonly PlacedCommit[]): readonly [number, number] {
    const from = this.entryCount;
    this.entryCount += placed.length;
    this.write(
      placed.map(({ commit: { key, attributes, messages }, chunk, offset, frameBytes, stamp, sha1 }) => ({
        ...{ key, chunk, offset, frameBytes, stamp: Number(stamp), sha1, attributes },
        messages: messages.map(({ contract, body }) => ({ contract, body: Buffer.from(body).toString('base64') })),
      })),
    );
    return [from, this.entryCount];
  }

  /** Notes that the storage has answered. */
  acknowledge(entries: readonly [number, number]): void {
    this.write([{ acknowledged: entries }]);
  }

  private write(lines: readonly Line[]): void {
    appendFileSync(this.path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
}

/** Every try in the order of the writes; empty when there is no such file. */
export function readJournal(path: string): JournalEntry[] {
  return existsSync(path) ? entriesOf(readFileSync(path, 'utf8')) : [];
}

function entriesOf(text: string): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const line of text.split('\n').map(parsed)) {
    if (line === undefined) continue;
    if ('key' in line) entries.push({ ...line, acknowledged: false });
    else for (const entry of entries.slice(...line.acknowledged)) entry.acknowledged = true;
  }
  return entries;
}

/** Nothing for a line that a crash cut off: what it was about to note was not written either. */
function parsed(line: string): Line | undefined {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined;
  }
}
