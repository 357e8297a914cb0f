/** What the name of a chunk says. */
export interface ChunkName {
  readonly name: string;
  /** Records that the writer knew before this chunk, or one more; a hint, never a check. */
  readonly prefix: number;
  /** UTC of the first frame as the writer formatted it: `yyyy-MM-dd-HHmm` or `yyyy-MM-dd-HHmmss`. */
  readonly time: string;
}

const tape = /^(\d{8,15})-(\d{4}-\d\d-\d\d-\d{4}(?:\d\d)?)\.dat$/;

/** Lokad.CQRS BlobAppendOnlyStore names its tapes so; undefined for every other name. */
export function parseChunkName(name: string): ChunkName | undefined {
  const match = tape.exec(name);
  const [, prefix, time] = match ?? [];
  return prefix === undefined || time === undefined ? undefined : { name, prefix: Number(prefix), time };
}

/** The copy that the original reader makes before it truncates a tape: the tape's name and `.bak`. */
export function isBackupName(name: string): boolean {
  return name.endsWith('.dat.bak') && tape.test(name.slice(0, -'.bak'.length));
}

/**
 * Reading order. The prefix counts as a number: text order breaks where it grows a digit, at
 * 100,000,000 records.
 */
export function comparePosition(one: ChunkName, other: ChunkName): number {
  // guard: prefix-as-a-number
  return one.prefix - other.prefix || compareText(one.time, other.time) || compareText(one.name, other.name);
}

/** Order of creation, as far as names tell. */
export function compareTime(one: ChunkName, other: ChunkName): number {
  return compareText(one.time, other.time) || comparePosition(one, other);
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
