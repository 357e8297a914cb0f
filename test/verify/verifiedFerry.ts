import { expect } from 'vitest';
import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import type { Environment } from '../../src/config/config.js';
import type { Decision } from '../../src/engine/decisions.js';
import type { VerifyOrder, VerifyReport } from '../../src/verify/stream.js';
import { Ferry, type numbered } from '../support/ferry.js';
import { rewriteStream } from '../support/rewriteStream.js';

export const first = '00000001-2013-10-15-093000.dat';
export const second = '00000011-2013-10-15-103000.dat';
export const live = new AbortController().signal;

export function verify(
  ferry: Ferry,
  order: Partial<VerifyOrder> = {},
  settings: Environment = {},
): Promise<VerifyReport> {
  return ferry.replicator(settings).verify({ stop: live, ...order });
}

export async function expectEqual(ferry: Ferry, settings: Environment = {}): Promise<VerifyReport> {
  const report = await verify(ferry, {}, settings);
  expect(report.differences).toEqual({ total: 0, byKind: {}, first: [] });
  expect(report).toMatchObject({ equal: true, complete: true });
  for (const { digest } of report.ranges) expect(digest.source).toBe(digest.target);
  return report;
}

export async function decide(ferry: Ferry, decision: Decision, settings: Environment = {}): Promise<void> {
  await (await ferry.replicator(settings).decide(decision, live)).apply();
}

export async function openFerryWith(
  server: EventStoreServer,
  chunks: Readonly<Record<string, ReturnType<typeof numbered>>>,
): Promise<Ferry> {
  const ferry = await Ferry.open(server);
  for (const [name, records] of Object.entries(chunks)) await ferry.write(name, records);
  await ferry.run();
  return ferry;
}

/** Changes the body of the event at a position, in a stream whose records make one event each. */
export async function changeBody(ferry: Ferry, position: number): Promise<void> {
  await rewriteStream(ferry, (events) => {
    const event = events[position - 1] ?? expect.fail('no such event');
    events[position - 1] = { ...event, data: Buffer.from('{"N":0}') };
  });
}
