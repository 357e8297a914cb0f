import type { CheckpointStore } from '../checkpoint/checkpoint.js';
import type { Clock } from '../core/clock.js';
import type { Config } from '../config/config.js';
import type { Parts } from '../engine/parts.js';
import { otherStreams } from '../engine/report/otherStreams.js';
import { Failure } from '../core/failure.js';
import { linkedAbort } from '../core/time.js';
import type { SourceCheck } from '../source/views/check.js';
import { rightsOf } from '../storage/rights.js';
import type { ServerCheck } from '../target/connect/check.js';
import { agreementFindings } from './agreement.js';
import { good, skipped, thrownIn, warning, wrong, type Finding } from './finding.js';
import { checkpointNeeds, rightsFindings, sourceNeeds } from './rightsFindings.js';
import { handshakeFindings, leaderFindings } from './serverFindings.js';
import { sourceFindings } from './sourceFindings.js';
import { streamFindings, streamNameFinding } from './streamFindings.js';

export interface DoctorInput {
  readonly config: Config;
  readonly source: SourceCheck;
  readonly server: ServerCheck;
  readonly checkpoints: CheckpointStore;
  /** A run's parts, with a checkpoint store that writes nothing. */
  readonly parts: Parts;
  readonly clock: Clock;
}

const checkMs = 20_000;

/**
 * Checks everything that replication needs, in the order of `checks`. Writes nothing: not to the source, where it tries
 * only reads, not to the target, not to the checkpoint table. Never throws: a check that is impossible is a finding.
 */
export async function* check(input: DoctorInput, signal: AbortSignal): AsyncGenerator<Finding> {
  const { config, source, server, checkpoints, parts, clock } = input;
  const aheadMs = new Map<string, number>();
  const learner = (who: string) => (theirs: number | undefined) => {
    if (theirs !== undefined) aheadMs.set(who, clock.now() - theirs);
  };
  /** The findings of checks that share one time limit. */
  async function* limited(checks: (signal: AbortSignal) => AsyncIterable<Finding>): AsyncGenerator<Finding> {
    const limit = linkedAbort([signal], { clock, ms: checkMs });
    try {
      yield* checks(limit.signal);
    } finally {
      limit.release();
    }
  }
  yield good('settings', 'every setting is there and valid');
  yield* agreementFindings(config, server.contradictions);
  yield* rightsFindings(rightsOf(config.source.storage), sourceNeeds, clock.now());
  yield* limited((limit) => sourceFindings(source, config.source, learner('the source'), limit));
  yield* rightsFindings(rightsOf(config.checkpoint.storage), checkpointNeeds, clock.now());
  yield* limited((limit) => checkpointFindings(checkpoints, config, limit));
  yield* limited((limit) => otherStreamFindings(parts, limit));
  let reached = false;
  for await (const finding of handshakeFindings(server, clock.now())) {
    reached ||= finding.check === 'serverReached' && finding.verdict === 'good';
    yield finding;
  }
  if (reached) {
    yield* limited((limit) => leaderFindings(server, learner('the server'), limit));
    yield* limited((limit) => streamFindings(parts, limit));
  } else {
    for (const check of ['certificate', 'leader', 'login', 'tail', 'write', 'appendLimit'] as const) {
      yield skipped(check, 'the server cannot be reached');
    }
  }
  yield streamNameFinding(config.target.stream);
  yield* clockFindings(aheadMs);
}

async function* checkpointFindings(
  checkpoints: CheckpointStore,
  { checkpoint }: Config,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  let stored;
  try {
    stored = await checkpoints.load(signal);
  } catch (thrown) {
    if (thrown instanceof Failure && 'partitionKey' in thrown.facts) {
      const next = 'Delete the row. The next run continues after the last event of the target stream.';
      yield wrong('checkpointRow', thrown.message, next);
    } else yield thrownIn('checkpointRow', thrown);
    return;
  }
  if (!stored) {
    yield good('checkpointRow', `table ${checkpoint.table} holds no row yet; the first run writes it`);
    return;
  }
  const { confirmed } = stored.row;
  yield good(
    'checkpointRow',
    confirmed ? `position ${confirmed.mark.position}, revision ${confirmed.revision} confirmed` : 'nothing confirmed',
  );
  try {
    // The row exists, so the table refuses to insert it: as a conflict, or because the right is missing.
    await checkpoints.insert(stored.row, signal);
  } catch (thrown) {
    if (!(thrown instanceof Failure && thrown.kind === 'CheckpointMoved')) yield thrownIn('checkpointRights', thrown);
  }
}

/** A table that cannot be read is a finding already. */
async function* otherStreamFindings(parts: Parts, signal: AbortSignal): AsyncGenerator<Finding> {
  const others = await otherStreams(parts, signal).catch(() => []);
  for (const { says, next } of others) yield warning('checkpointRow', says, next);
}

/** Smaller differences prove nothing: other clocks are read in whole seconds, and an answer takes time. */
const maxApartMs = 5_000;

/** @param aheadMs how far this machine's clock is ahead of each other one, in milliseconds */
function clockFindings(aheadMs: ReadonlyMap<string, number>): Finding[] {
  if (aheadMs.size === 0) return [skipped('clocks', 'no other clock could be read')];
  const apart = [...aheadMs].filter(([, ms]) => Math.abs(ms) > maxApartMs);
  if (apart.length === 0) {
    return [good('clocks', `this machine, ${[...aheadMs.keys()].join(' and ')} are at most 5 s apart`)];
  }
  return apart.map(([who, ms]) => {
    const seconds = Math.round(Math.abs(ms) / 1000);
    return warning(
      'clocks',
      `This machine's clock is ${seconds} s ${ms > 0 ? 'ahead of' : 'behind'} that of ${who}.`,
      'Let the machines follow the same time server. Ages and lag are off by that much; nothing is lost.',
    );
  });
}
