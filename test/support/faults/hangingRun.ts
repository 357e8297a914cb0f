import { expect, onTestFinished } from 'vitest';

import type { EventStoreServer } from '../../../dev/eventstore/eventStoreServer.js';
import type { Clock } from '../../../src/core/clock.js';
import type { Replicator } from '../../../src/replicator.js';
import { Ferry, numbered } from '../ferry.js';
import { openRoads, type Part } from './road.js';
import { FakeClock } from '../fakeClock.js';
import { eventually, until } from '../waits.js';

const chunk = '00000001-2013-10-15-093000.dat';

/** A run in which a call is never answered, and a second process that asks for its status. */
export interface HangingRun {
  /** The second process: it knows of the run only what the checkpoint, the source and the target say. */
  readonly other: Replicator;
  /** The time of both processes. */
  readonly clock: Clock;
  /** Makes the part accept calls and never answer them. Then writes six more records and lets 181 s pass. */
  readonly hang: () => Promise<void>;
}

/** Starts a run and waits until it has replicated three records and waits at the head of its source. */
export async function hangingRun(server: EventStoreServer, part: Part): Promise<HangingRun> {
  const ferry = await Ferry.open(server);
  await ferry.write(chunk, numbered(1, 3));
  const { to, settings } = await openRoads(server);
  const stop = new AbortController();
  let goOn: () => void = () => undefined;
  let isOver = false;
  const stepping = FakeClock.flowing(() => {
    if (!isOver) return new Promise((resolve) => (goOn = resolve));
  });
  const runner = ferry.replicator(settings, stepping);
  const run = runner.run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
  onTestFinished(async () => {
    isOver = true;
    stop.abort();
    goOn();
    for (const road of Object.values(to)) {
      road.state = 'open';
      road.cut();
    }
    await runner.close();
    await until(
      'the run to end',
      run.catch(() => undefined),
    );
  });
  const clock: Clock = {
    now: () => stepping.now(),
    elapsed: () => stepping.elapsed(),
    sleep: () => Promise.resolve(),
    after: (ms, callback) => stepping.after(ms, callback),
  };
  const other = ferry.replicator({}, clock);
  const look = () => {
    goOn();
    return other.status(new AbortController().signal);
  };
  await eventually('a run that is well at the head', async () => {
    const { checkpoint, healthy } = await look();
    expect({ position: checkpoint.confirmedPosition, healthy }).toEqual({ position: 3, healthy: true });
  });
  return {
    other,
    clock,
    hang: async () => {
      to[part].state = 'mute';
      await ferry.write(chunk, numbered(1, 9));
      goOn();
      stepping.advance(181_000);
    },
  };
}
