import { Failure } from '../core/failure.js';
import { iso } from '../core/time.js';

import type { Compared } from './compare/difference.js';
import { Unjudged, type UnjudgedPart } from './compare/unjudged.js';
import { verifyEnds, type Ends } from './ends.js';
import { verifyRange, type PositionRange, type RangeResult, type VerifyParts, type VerifyWatch } from './range.js';
import { Findings, type Found } from './findings.js';
import { createReconversion, type Reconversion } from './reconvert.js';
import { sampleRanges } from './sample.js';

export interface VerifyProgress {
  /** Events of the stream seen so far, and how many there are to see. */
  readonly events: number;
  readonly total: number;
  readonly position: number;
  readonly revision: number;
}

/** What to compare; by default everything that is confirmed. */
export interface VerifyOrder {
  /** Positions, 1-based, both included. */
  readonly from?: number;
  readonly to?: number;
  /** Compares this many ranges, drawn by the seed, instead of everything between `from` and `to`. */
  readonly sample?: { readonly ranges: number; readonly seed: number };
  /** Ends the comparison where it stands; the report says how far it came. */
  readonly stop: AbortSignal;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/** What was compared, and the result; plain JSON. Times are ISO 8601, UTC. */
export interface VerifyReport {
  /** True when there is no difference in what was compared, and nothing in it that could not be judged. */
  readonly equal: boolean;
  /** False when the comparison was stopped before its end. */
  readonly complete: boolean;
  readonly source: string;
  readonly stream: string;
  /** Digest of the present settings. */
  readonly settings: string;
  /** When it began: the last position of which all events were replicated, and the stream's last revision. */
  readonly confirmed: { readonly position: number; readonly revision: number };
  /** The position of the record of which the stream held only some events. */
  readonly unfinished?: number;
  readonly sample?: { readonly ranges: number; readonly seed: number };
  /** The positions that were compared: one range, or those of a sample. Digests are of each side's events. */
  readonly ranges: readonly Pick<RangeResult, 'from' | 'to' | 'firstRevision' | 'digest'>[];
  readonly events: Compared;
  readonly unjudged: readonly UnjudgedPart[];
  /** Foreign events that a person accepted. */
  readonly acceptedForeign: number;
  readonly differences: Found;
  readonly startedAt: string;
  readonly endedAt: string;
}

/**
 * Compares a target stream with its source: counts, order, ids, types, content types, bytes and marks. Reads both ends
 * and writes nothing. A replicator may run at the same time: what was confirmed at the beginning is compared.
 *
 * @throws Failure of a Source*, Target* or Checkpoint* kind
 */
export async function verifyStream(parts: VerifyParts, order: VerifyOrder, signal: AbortSignal): Promise<VerifyReport> {
  const now = (): string => iso(parts.clock.now());
  const startedAt = now();
  const ends = await verifyEnds(parts, signal);
  const findings = new Findings();
  for (const difference of ends.differences) findings.add(difference);
  const { from = 1, to = Infinity, sample, stop } = order;
  // guard: nothing-to-verify
  if (from > Math.max(1, ends.position)) {
    const { position } = ends;
    throw new Failure(
      'NotApplicable',
      `Stream ${parts.stream} is replicated up to position ${position}: there is nothing to compare from position ${from} on.`,
      { stream: parts.stream, position, from },
    );
  }
  const whole = { from, to: Math.min(to, ends.position) };
  const ranges = sample ? sampleRanges(whole, sample) : [whole];
  const rangeParts = { ...parts, reconversion: reconversionOf(ends, parts) };
  const results: RangeResult[] = [];
  const seen = { events: 0 };
  for (const range of ranges) {
    if (stop.aborted) break;
    const watch = watchOf(range, ends, order, findings, seen);
    results.push(await verifyRange(range, ends, rangeParts, watch, signal));
    findings.endRange();
  }
  const unjudged = new Unjudged();
  for (const result of results) unjudged.addAll(result.unjudged);
  return {
    // guard: verify-what-cannot-be-judged
    equal: findings.total === 0 && unjudged.parts.length === 0,
    complete: !stop.aborted,
    ...{ source: parts.sourceId, stream: parts.stream, settings: parts.settingsDigest },
    confirmed: { position: ends.position, revision: ends.revision },
    ...(ends.unfinished && { unfinished: ends.unfinished.position }),
    ...(sample && { sample }),
    ranges: results.map(({ from, to, firstRevision, digest }) => ({ from, to, firstRevision, digest })),
    events: sum(results.map(({ compared }) => compared)),
    unjudged: unjudged.parts,
    acceptedForeign: results.reduce((count, { acceptedForeign }) => count + acceptedForeign, 0),
    differences: findings.found,
    ...{ startedAt, endedAt: now() },
  };
}

/** Converts records again, also as under the former settings that the row remembers and this version knows. */
function reconversionOf({ row }: Ends, { convertOptions, optionsOf }: VerifyParts): Reconversion {
  const former = row ? [...(row.accepted?.formerSettings ?? []), row.settings] : [];
  return createReconversion(
    convertOptions,
    former.flatMap((settings) => optionsOf(settings) ?? []),
  );
}

function watchOf(
  range: PositionRange,
  ends: Ends,
  { stop, onProgress, sample }: VerifyOrder,
  findings: Findings,
  seen: { events: number },
): VerifyWatch {
  let first: number | undefined;
  return {
    stop,
    found: (difference) => findings.add(difference),
    reached: (revision, position) => {
      seen.events += 1;
      first ??= revision;
      findings.near = position;
      if (seen.events % 100 !== 0 && revision !== ends.revision) return;
      // An estimate: positions grow as revisions do, except for records without events.
      const share =
        range.to > 0 ? (ends.revision - first + 1) * Math.min(1, (range.to - range.from + 1) / range.to) : 0;
      const total = sample ? seen.events : Math.max(seen.events, Math.round(share));
      onProgress?.({ events: seen.events, total, position, revision });
    },
  };
}

function sum(all: readonly Compared[]): Compared {
  const total = { expected: 0, stored: 0, equal: 0, underOtherSettings: 0, quarantined: 0 };
  for (const one of all) {
    for (const [name, count] of Object.entries(one)) total[name as keyof Compared] += count as number;
  }
  return total;
}
