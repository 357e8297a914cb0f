import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Environment } from '../../../src/config/config.js';
import type { RunReport } from '../../../src/engine/terms.js';
import { Failure } from '../../../src/core/failure.js';
import type { InvocationLog } from '../../../src/functions/worker/invocationLogger.js';
import { TimerRuns } from '../../../src/functions/worker/timerRuns.js';
import { createReplicator, type Replicator, type RunOrder } from '../../../src/replicator.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { FakeClock } from '../../support/fakeClock.js';
import { hostTimer } from './hostTimer.js';
import { idleReplicator } from '../idleReplicator.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const settings: Environment = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  SOURCE_CONTAINER: 'billing',
  EVENTSTORE_CONNECTION_STRING: 'esdb://localhost:2113?tls=false',
};

function recordingLog() {
  const lines: string[] = [];
  const log: InvocationLog = {
    info: (line) => lines.push(`info ${String(line)}`),
    warn: (line) => lines.push(`warn ${String(line)}`),
    error: (line) => lines.push(`error ${String(line)}`),
  };
  return { lines, log };
}

/** Runs on replicators that run as they are told to; what was built, ordered and closed. */
function runsOn(run: Replicator['run']) {
  const clock = new FakeClock();
  const orders: RunOrder[] = [];
  const counts = { built: 0, closed: 0 };
  const runs = new TimerRuns(
    () => settings,
    clock,
    () => {
      counts.built += 1;
      return idleReplicator({
        run: (order) => {
          orders.push(order);
          return run(order);
        },
        close: () => Promise.resolve(void (counts.closed += 1)),
      });
    },
  );
  return { clock, orders, counts, runs };
}

const report: RunReport = { end: 'budget-used', events: 0, anotherRunner: false };
const never: Replicator['run'] = () => new Promise(() => undefined);

/** When, by this clock, the container was asked for anything. */
function looksAt(container: string, clock: FakeClock): number[] {
  const looks: number[] = [];
  const note = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    if (request.path.split(/[/?]/)[2] === container) looks.push(clock.now());
  };
  subscribe('http.client.request.start', note);
  onTestFinished(() => void unsubscribe('http.client.request.start', note));
  return looks;
}

describe('Runs that the host starts every minute', () => {
  test('Runs that the host starts every minute follow each other so closely that the source is never left alone for a second', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    const clock = new FakeClock().flow();
    const runs = new TimerRuns(
      () => ferry.environment({ IDLE_POLL_MS: undefined }),
      clock,
      // What is beside the first run would make time flow while the run waits for an answer.
      (...built) => ({ ...createReplicator(...built), examineOnce: (signal) => idleReplicator().examineOnce(signal) }),
    );
    onTestFinished(() => runs.terminate());
    const looks = looksAt(ferry.container.containerName, clock);

    const ended: string[] = [];
    await hostTimer(clock, 3, async () => {
      await runs.invoke(recordingLog().log).then(
        () => ended.push('well'),
        (error: Error) => ended.push(error.message),
      );
    });

    const gaps = looks.slice(1).map((at, index) => at - (looks[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(1_000);
    expect(gaps.reduce((sum, gap) => sum + gap)).toBeGreaterThanOrEqual(2 * 60_000 - 2_000);
    expect(ended).toEqual(['well', 'well']);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });
});

describe('A run of the timer', () => {
  test('A run of the timer takes the minute between two ticks, waits for more, and leaves the waiting for an outage to the next tick', async () => {
    const { runs, orders, counts } = runsOn(() => Promise.resolve(report));
    await runs.invoke(recordingLog().log);
    await runs.invoke(recordingLog().log);
    expect(orders).toEqual(
      [1, 2].map(
        () => expect.objectContaining({ budgetMs: 60_000, whenCaughtUp: 'wait', onOutage: 'fail' }) as RunOrder,
      ),
    );
    expect(counts).toEqual({ built: 1, closed: 0 });
  });

  test('A run of the timer has the doctor check everything beside it, once a worker, and logs what was found', async () => {
    let examined = 0;
    const note = { at: '', wrong: ['Server: Nothing answers.'], warnings: ['Stream name: odd.'] };
    const runs = new TimerRuns(
      () => settings,
      new FakeClock(),
      () =>
        idleReplicator({
          run: () => Promise.resolve(report),
          examineOnce: () => Promise.resolve({ ...note, examined: (examined += 1) }),
        }),
    );
    const { lines, log } = recordingLog();
    await runs.invoke(log);
    await runs.invoke(log);
    expect(examined).toBe(1);
    expect(lines).toEqual(['warn examined {"wrong":["Server: Nothing answers."],"warnings":["Stream name: odd."]}']);
  });

  test('A run of the timer goes on when the doctor beside it fails, and reports that', async () => {
    const clock = new FakeClock();
    const runs = new TimerRuns(
      () => settings,
      clock,
      () =>
        idleReplicator({
          run: async () => {
            await nextTurn(); // by then the process has ended if nobody heard of the failure
            return report;
          },
          examineOnce: () => Promise.reject(new Error('no such port')),
        }),
    );
    const { lines, log } = recordingLog();
    await runs.invoke(log);
    expect(lines).toEqual([expect.stringMatching(/^warn examined {"wrong":\["no such port .*"\],"warnings":\[\]}$/)]);
  });

  test('A run of the timer is a success although it left the stream to another runner', async () => {
    const { runs } = runsOn(() => Promise.resolve({ end: 'left-to-another-runner', events: 0, anotherRunner: true }));
    await expect(runs.invoke(recordingLog().log)).resolves.toBeUndefined();
  });

  test('A run of the timer fails with kind, message and remedy, and without a secret', async () => {
    const { runs } = runsOn(() =>
      Promise.reject(new Failure('TargetUnreachable', 'No answer from esdb://u:hidden@h.')),
    );
    const { lines, log } = recordingLog();
    await expect(runs.invoke(log)).rejects.toThrow(
      'TargetUnreachable: No answer from esdb://u:***@h. Check that the server runs and that its port can be reached from here.',
    );
    expect(lines.filter((line) => !line.startsWith('info examined '))).toEqual([]); // the engine has told people
  });

  test('A run of the timer fails with an error that cannot control a terminal', async () => {
    const { runs } = runsOn(() => Promise.reject(new TypeError('type a\u001b[2J')));
    const error = await runs.invoke(recordingLog().log).catch((thrown: unknown) => thrown as Error);
    expect(error?.message).toContain('type a\\u001b[2J');
    expect(error?.stack).not.toContain('\u001b');
  });

  test('A run of the timer logs the stack of a defect', async () => {
    const { runs } = runsOn(() => Promise.reject(new TypeError('x is not a function')));
    const error = await runs.invoke(recordingLog().log).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ message: expect.stringMatching(/^Unexpected: x is not a function/) as string });
    expect(error?.stack).toMatch(/TypeError: x is not a function\n +at .*timerRuns\.test\.ts/);
  });

  test('A run of the timer that is overdue is reported and given up, and never shares its parts with the next', async () => {
    const { runs, orders, counts } = runsOn(() => Promise.reject(new Failure('RunOverdue', 'The run did not end.')));
    const { lines, log } = recordingLog();
    await expect(runs.invoke(log)).rejects.toThrow(/^RunOverdue: The run did not end\./);
    expect(lines).toContainEqual(expect.stringMatching(/^error run-failed {"kind":"RunOverdue"/));
    expect(orders[0]?.stop.aborted).toBe(true);
    await expect(runs.invoke(log)).rejects.toThrow();
    expect(counts).toEqual({ built: 2, closed: 2 });
  });
});

describe('A worker that is told to go', () => {
  test('A worker that is told to go waits 2.5 s for the run, closes its connections, and waits no longer than 3.5 s', async () => {
    const { runs, clock, orders, counts } = runsOn(never);
    void runs.invoke(recordingLog().log);
    let gone = false;
    const going = runs.terminate().then(() => (gone = true));
    await clock.pass(2_499);
    expect(orders[0]?.stop.aborted).toBe(true);
    expect(counts.closed).toBe(0);
    await clock.pass(1);
    await clock.pass(999);
    expect(counts.closed).toBe(1);
    expect(gone).toBe(false);
    await clock.pass(1);
    await going;
  });

  test('A worker that is told to go starts no run any more', async () => {
    const { runs, orders } = runsOn(never);
    await runs.terminate();
    await runs.invoke(recordingLog().log);
    expect(orders).toEqual([]);
  });

  test('A worker that is told to go ends well although the run or closing fails', async () => {
    const runs = new TimerRuns(
      () => settings,
      new FakeClock(),
      () =>
        idleReplicator({
          run: () => Promise.reject(new Error('cut off')),
          close: () => Promise.reject(new Error('no')),
        }),
    );
    const failed = runs.invoke(recordingLog().log).catch(() => undefined);
    await expect(runs.terminate()).resolves.toBeUndefined();
    await failed;
  });
});
