import { jsonEvent } from '@eventstore/db-client';
import { onTestFinished } from 'vitest';

import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import { systemClock } from '../../src/core/clock.js';
import { dashboardData, type DashboardData } from '../../src/dashboard/data.js';
import { startDashboard } from '../../src/dashboard/server.js';
import type { LagSample } from '../../src/checkpoint/checkpoint.js';
import { Ferry, numbered } from '../support/ferry.js';

const chunk = '00000001-2013-10-15-093000.dat';
const { signal } = new AbortController();

export async function serve(ask: () => Promise<DashboardData>) {
  const dashboard = await startDashboard(0, ask);
  onTestFinished(() => dashboard.close());
  return dashboard;
}

/** The page of a ferry, as `eventferry run --dashboard` serves it. */
export async function serveFerry(ferry: Ferry) {
  const replicator = ferry.replicator({}, systemClock);
  return serve(() => dashboardData(replicator, systemClock));
}

/** One look at a source that is all replicated, for what a test changes about it. */
export async function lookAtFerry(
  server: EventStoreServer,
  change: (data: DashboardData) => DashboardData = (data) => data,
) {
  const ferry = await Ferry.open(server);
  await ferry.write(chunk, numbered(1, 300));
  await ferry.write('00000301-2013-10-15-103000.dat', numbered(301, 500));
  const replicator = ferry.replicator({}, systemClock);
  await replicator.run({ stop: signal, whenCaughtUp: 'exit', onOutage: 'fail' });
  return serve(async () => change(await dashboardData(replicator, systemClock)));
}

/** A course of three hours with an outage in it. */
export function course(): LagSample[] {
  const start = Date.now() - 180 * 60_000;
  return Array.from({ length: 180 }, (_, minute) => {
    const away = minute >= 60 && minute < 90;
    const events = away ? (minute - 60) * 400 : minute < 100 && minute >= 90 ? (100 - minute) * 1200 : (minute % 7) * 3;
    const lag = { bytes: events * 350, events, eventsExact: !away, seconds: away ? (minute - 60) * 60 : 0 };
    const position = 10_000 + (minute < 60 ? minute * 400 : away ? 24_000 : minute * 400);
    return { at: new Date(start + minute * 60_000).toISOString(), lag, position, revision: position * 3, well: !away };
  });
}

/** A ferry whose run has stopped because someone else wrote to its stream. */
export async function stoppedFerry(server: EventStoreServer): Promise<Ferry> {
  const ferry = await Ferry.open(server);
  await ferry.write(chunk, numbered(1, 30));
  const order = { stop: signal, whenCaughtUp: 'exit', onOutage: 'fail' } as const;
  const replicator = ferry.replicator({}, systemClock);
  await replicator.run(order);
  await ferry.client().appendToStream(ferry.stream, jsonEvent({ type: 'Foreign', data: {} }));
  await ferry.write(chunk, numbered(1, 40));
  await replicator.run(order).catch(() => undefined);
  return ferry;
}
