import { appendFileSync, existsSync, readFileSync } from 'node:fs';

import type { PlacedCommit } from './tapeAppender.js';

/** One attempt to append a commit. The writer notes it before the write, and again when the storage has answered. */
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
  /** False when the storage did not answer: the commit may be written or not. */
  acknowledged: boolean;
}

export interface JournalMessage {
  readonly contract: string;
  /** The body as it was written, in base64. */
  readonly body: string;
}

type Line = Omit<JournalEntry, 'acknowledged'> | { readonly acknowledged: readonly [from: number, to: number] };

/**
 * The writer's own record of what it appended: one line before each write, one after the storage has answered. Each
 * line goes to the operating system at once, so it survives a kill of the process (but not a crash of the machine).
 */
export class Journal {
  private constructor(
    private readonly path: string,
    private entryCount: number,
  ) {}

  /** Opens the file or creates it. When a crash has cut off the last line, ends that line; readers ignore it. */
  static open(path: string): Journal {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');
    return new Journal(path, entriesOf(text).length);
  }

  /** Notes commits that are about to be written. Pass what it returns to `acknowledge`. */
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

  /** Notes that the storage has confirmed these commits. */
  acknowledge(entries: readonly [number, number]): void {
    this.write([{ acknowledged: entries }]);
  }

  private write(lines: readonly Line[]): void {
    appendFileSync(this.path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
}

/** All attempts in the order of the writes; empty when the file does not exist. */
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

/** Undefined for a line that a crash cut off: the write that it was to announce did not begin. */
function parsed(line: string): Line | undefined {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined;
  }
}
