import { jsonEvent } from '@eventstore/db-client';
import { expect } from 'vitest';
import type { EventStoreServer } from '../../../dev/eventstore/eventStoreServer.js';
import type { Environment } from '../../../src/config/config.js';
import type { StopKind } from '../../../src/core/failure.js';
import type { Decision } from '../../../src/engine/decisions.js';
import { freshContainerName } from '../../support/services/azurite.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';

export const first = '00000001-2013-10-15-093000.dat';
export const second = '00000011-2013-10-15-103000.dat';
export const early = '00000005-2013-10-15-095000.dat';
export const live = new AbortController().signal;
export const foreign = () => jsonEvent({ type: 'Foreign', data: { by: 'someone else' } });
export const reserved = { messages: [['$reserved', '1']] as const };

/** A ferry that has replicated ten records of one chunk and two of the next. */
export async function openFerryWithTwelve(server: EventStoreServer, settings: Environment = {}): Promise<Ferry> {
  const ferry = await Ferry.open(server, settings);
  await ferry.write(first, numbered(1, 10));
  await ferry.write(second, numbered(11, 12));
  await ferry.run();
  return ferry;
}

export async function decide(ferry: Ferry, decision: Decision, settings: Environment = {}): Promise<void> {
  await (await ferry.replicator(settings).decide(decision, live)).apply();
}

export async function expectStop(ferry: Ferry, kind: StopKind, settings: Environment = {}): Promise<void> {
  const before = ferry.events();
  for (const attempt of [1, 2]) {
    await expect(ferry.run(settings), `attempt ${attempt}`).rejects.toMatchObject({ kind, policy: 'stop' });
  }
  expect(ferry.events().slice(0, before.length)).toEqual(before);
}

export async function expectExact(ferry: Ferry, settings: Environment = {}): Promise<void> {
  const { equal, differences } = await ferry.replicator(settings).verify({ stop: live });
  expect({ equal, differences: differences.first }).toEqual({ equal: true, differences: [] });
}

/**
 * The decision was carried out. The stream must be exact after the next run, also when two run at a time, when the
 * checkpoint is the one from before, and when there is none.
 */
export async function expectToLeadOn(ferry: Ferry, settings: Environment = {}): Promise<void> {
  const taken = await ferry.row(settings);
  await Promise.all([ferry.run(settings), ferry.run(settings)].map((run) => run.catch(onlyAnotherRunner)));
  await ferry.run(settings);
  await expectExact(ferry, settings);
  const whole = ferry.events();
  if (taken) await ferry.changeRow(() => taken);
  await ferry.run(settings);
  const withoutRow = { ...settings, CHECKPOINT_TABLE: `${ferry.table}other` };
  await ferry.run(withoutRow);
  expect(ferry.events()).toEqual(whole);
  await expectExact(ferry, settings);
}

function onlyAnotherRunner(thrown: unknown): void {
  expect(thrown).toMatchObject({ kind: 'AnotherRunner' });
}

/** One more record behind everything, so that there is something to lead on to. */
export async function append(ferry: Ferry): Promise<void> {
  await ferry.write(second, numbered(11, 13));
}

/** As {@link expectToLeadOn}, but the acceptance is only in the row: without it a foreign tail is a conflict again. */
export async function expectToLeadOnBehindForeign(ferry: Ferry): Promise<void> {
  await Promise.all([ferry.run(), ferry.run()].map((run) => run.catch(onlyAnotherRunner)));
  await ferry.run();
  await expectExact(ferry);
  await expectStop(ferry, 'TargetConflict', { CHECKPOINT_TABLE: `${ferry.table}other` });
}

/** The same source into another stream, from the beginning. */
export async function expectNewStream(ferry: Ferry, bodies = numberedBodies(1, 12)): Promise<void> {
  const elsewhere = { TARGET_STREAM: freshContainerName('stream') };
  for (const attempt of [1, 2]) {
    await ferry.run(elsewhere);
    const stored = ferry.server.events(elsewhere.TARGET_STREAM);
    expect(
      stored.map(({ data }) => data.toString()),
      `attempt ${attempt}`,
    ).toEqual(bodies);
  }
  await expectExact(ferry, elsewhere);
}
