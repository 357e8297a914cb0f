import fc from 'fast-check';
import { onTestFinished } from 'vitest';

import { startEventStore, type EventStoreServer } from '../../../dev/eventstore/eventStoreServer.js';
import { FaultyFerry } from '../../support/faults/faultyFerry.js';
import { ModelTarget, type Fate, type ModelTargetOptions } from '../../support/faults/modelTarget.js';
import { FakeClock } from '../../support/fakeClock.js';
import { eventStoreTarget } from '../../../src/target/eventStoreTarget.js';
import { silentLogger } from '../../../src/core/logger.js';

/** What becomes of a write: the server's own faults, its call ended politely, or no call taken for a moment. */
const harm = fc.constantFrom(
  'loseAnswer',
  'dropBefore',
  'dropAfter',
  'timeout',
  'timeoutAfter',
  'notReady',
  'endCall',
  'refuse',
);

const bytes = fc.oneof(
  { arbitrary: fc.constantFrom(0, 1, 2), weight: 1 },
  { arbitrary: fc.nat(300), weight: 3 },
  { arbitrary: fc.integer({ min: 300, max: 4_000 }), weight: 2 },
);
const record = fc.record({
  key: fc.oneof({ arbitrary: fc.constant('customer-1'), weight: 9 }, { arbitrary: fc.constant('audit'), weight: 1 }),
  sizes: fc.array(bytes, { maxLength: 12 }),
});
const scenario = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 60 }),
  chunkRecords: fc.integer({ min: 5, max: 60 }),
  readRecords: fc.constantFrom(1, 7, 10_000),
  saveEveryMs: fc.constantFrom(0, 5_000),
  appendBytes: fc.constantFrom(6_000, 20_000, 1_048_576),
  /** What each write meets, in order; those behind the last meet nothing. */
  harms: fc.array(fc.option(harm, { freq: 2 }), { maxLength: 12 }),
  /** Before each answer, in ms, over and over. */
  delays: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
  reorderReplies: fc.boolean(),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function recordsOf({ records }: Pick<Scenario, 'records'>) {
  return records.map(({ key, sizes }, at) => ({
    key,
    bodies: sizes.map((size, index) => Buffer.alloc(size, `${at}.${index};`)),
  }));
}

/** Hands the harms out, one a write, and lets time pass where an answer will never come. */
function playFaults({ faults }: EventStoreServer, { harms, delays, reorderReplies }: Scenario, clock: FakeClock) {
  const left = [...harms];
  let answers = 0;
  let refusals = 0;
  faults.reorderReplies = reorderReplies;
  faults.onWrite = () => {
    faults.delayMs = reorderReplies ? 0 : (delays[answers++ % delays.length] ?? 0);
    const next = left.shift() ?? 'none';
    if (next === 'refuse') refuse();
    else if (next === 'endCall') setImmediate(() => faults.endBatchAppendCalls());
    else if (next === 'loseAnswer') afterTurns(20, () => clock.advance(300_000));
    return next === 'refuse' || next === 'endCall' ? 'none' : next;
  };
  const refuse = (): void => {
    faults.refuse = true;
    refusals = 2;
  };
  return {
    /** A refusal lasts until an attempt, and the one after it, have failed. */
    failed: () => {
      refusals -= 1;
      if (refusals <= 0) faults.refuse = false;
    },
  };
}

/** Answers that are on their way arrive in the meantime, however fast the machine is. */
function afterTurns(turns: number, then: () => void): void {
  setImmediate(() => (turns > 1 ? afterTurns(turns - 1, then) : then()));
}

/** How many cases fast-check draws, and from which seed; without one, each time others. */
type Drawing = Pick<fc.Parameters, 'numRuns' | 'seed'>;

/**
 * Replicates before real servers, one of them with a small limit, that lose, delay and reorder answers.
 *
 * @returns the kinds of failures that led back to resume
 */
export async function replicateBeforeServers(drawing: Drawing): Promise<Set<string>> {
  const limits = [1_048_576, 5_000];
  const servers = await Promise.all(
    limits.map((maxAppendBytes) => startEventStore({ maxAppendBytes, countsMetadata: true })),
  );
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))));
  let runs = 0;
  const met = new Set<string>();
  const replicate = async (given: Scenario, which: number): Promise<void> => {
    const server = servers[which];
    if (!server) throw new Error('there is no such server');
    const clock = FakeClock.flowing();
    const stream = `run-${++runs}`;
    const { connectionString } = server;
    const { appendBytes } = given;
    const target = eventStoreTarget({ connectionString, appendBytes, clock, logger: silentLogger });
    const { failed } = playFaults(server, given, clock);
    const ferry = new FaultyFerry({
      ...given,
      records: recordsOf(given),
      stream,
      target,
      clock,
      held: { count: () => server.lastRevision(stream) + 1, events: (from) => server.events(stream, from) },
      failed,
    });
    try {
      await ferry.runToTheHead();
    } finally {
      server.faults.clear();
      await target.close();
      for (const kind of ferry.failures) met.add(kind);
    }
  };
  await fc.assert(fc.asyncProperty(scenario, fc.nat(limits.length - 1), replicate), drawing);
  return met;
}

const fates = fc.array(fc.constantFrom<Fate[]>('none', 'none', 'none', 'lost', 'cutBefore', 'cutAfter', 'refused'), {
  maxLength: 20,
});
const model = fc.record({
  fates,
  answerTurns: fc.array(fc.nat(6), { minLength: 1, maxLength: 5 }),
  limitBytes: fc.constantFrom(5_000, 12_000, 1_048_576),
  appendBytes: fc.constantFrom(6_000, 20_000, 1_048_576),
  lateTurns: fc.option(fc.nat(8), { nil: undefined }),
});

/**
 * Replicates before a model of such a server, on which what was on its way when a call was cut may arrive late.
 *
 * @returns the kinds of failures that led back to resume
 */
export async function replicateBeforeModel(drawing: Drawing): Promise<Set<string>> {
  const met = new Set<string>();
  const replicate = async (given: Scenario, options: ModelTargetOptions): Promise<void> => {
    const target = new ModelTarget(options);
    const ferry = new FaultyFerry({
      ...given,
      records: recordsOf(given),
      stream: 'billing',
      target,
      clock: FakeClock.flowing(),
      held: { count: () => target.stored.length, events: (from = 0) => target.stored.slice(from) },
    });
    await ferry.runToTheHead();
    for (const kind of ferry.failures) met.add(kind);
  };
  await fc.assert(fc.asyncProperty(scenario, model, replicate), drawing);
  return met;
}
