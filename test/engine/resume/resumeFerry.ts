import { expect } from 'vitest';
import type { EventStoreServer } from '../../../dev/eventstore/eventStoreServer.js';
import type { FailureKind } from '../../../src/core/failure.js';
import type { Decision } from '../../../src/engine/decisions.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';

export const chunk = '00000001-2013-10-15-093000.dat';
export const live = new AbortController().signal;

/** A ferry that has replicated ten records. */
export async function openFerryWithTen(
  server: EventStoreServer,
  settings: Record<string, string> = {},
): Promise<Ferry> {
  const ferry = await Ferry.open(server, settings);
  await ferry.write(chunk, numbered(1, 10));
  await ferry.run();
  expect(ferry.bodies()).toEqual(numberedBodies(1, 10));
  return ferry;
}

export async function expectStop(
  ferry: Ferry,
  kind: FailureKind,
  overrides: Record<string, string> = {},
): Promise<void> {
  const before = ferry.events().length;
  await expect(ferry.run(overrides)).rejects.toMatchObject({ kind, policy: 'stop' });
  expect(ferry.events()).toHaveLength(before);
}

export async function decide(ferry: Ferry, decision: Decision, overrides: Record<string, string> = {}): Promise<void> {
  const way = await ferry.replicator(overrides).decide(decision, live);
  expect(way.says).not.toBe('');
  await way.apply();
}

export function fail(why: string): never {
  throw new Error(why);
}
