import type * as functions from '@azure/functions';
import { onTestFinished } from 'vitest';

import type { Environment } from '../../src/config/config.js';
import { dashboardAnswer } from '../../src/dashboard/answer.js';
import { lookAtAll, statusAnswer } from '../../src/functions/statusAnswer.js';
import { registerTelemetry } from '../../src/functions/worker/telemetryHooks.js';
import { TimerRuns } from '../../src/functions/worker/timerRuns.js';
import { WorkerReplicator } from '../../src/functions/worker/workerReplicator.js';
import { workerTelemetry, type WorkerTelemetry } from '../../src/functions/worker/workerTelemetry.js';
import { createReplicator } from '../../src/replicator.js';
import { Runtime } from '../../src/runtime.js';
import { silentLogger } from '../../src/core/logger.js';
import { FakeClock } from '../support/fakeClock.js';
import { App, traceParent, type Answer, type Ending, type HttpAnswer } from './app.js';

/**
 * The app's functions in this process, put together as their entry files do, on a clock of their own: a run's waits
 * take no time, but at the head of its source it waits until the worker is told to go.
 */
export class AppInProcess extends App {
  /** What the limits of invocations go by; stands still. */
  readonly limits = new FakeClock();
  private readonly clock: FakeClock;
  private readonly telemetry: WorkerTelemetry;
  private readonly runs: TimerRuns;
  private readonly viewer: WorkerReplicator;
  private readonly hooks = new Map<string, ((context: unknown) => void | Promise<void>)[]>();
  private readonly underWay = new Set<string>();
  private invocations = 0;
  private leaveHead: () => void = () => undefined;

  constructor(settings: Environment) {
    super();
    const gone = new Promise<void>((resolve) => (this.leaveHead = resolve));
    const idlePollMs = Number(settings['IDLE_POLL_MS']);
    this.clock = new FakeClock(Date.now(), (_, ms) => (ms === idlePollMs ? gone : undefined)).flow();
    this.telemetry = workerTelemetry(settings, this.limits);
    this.runs = new TimerRuns(
      () => settings,
      this.limits,
      (config, runtime) => createReplicator(config, new Runtime({ ...runtime, clock: this.clock })),
      () => this.telemetry.start(),
    );
    this.viewer = new WorkerReplicator(
      (config) => createReplicator(config, new Runtime({ logger: silentLogger, clock: this.clock })),
      () => settings,
    );
    this.hook('appTerminate')(() => this.runs.terminate());
    if (this.telemetry.isOn) registerTelemetry(this.registry(), this.telemetry);
  }

  static start(this: void, settings: Environment): Promise<AppInProcess> {
    const app = new AppInProcess(settings);
    onTestFinished(() => app.close());
    return Promise.resolve(app);
  }

  async replicate(): Promise<Answer> {
    const invocation = `replicate-${(this.invocations += 1)}`;
    this.underWay.add(invocation);
    const log = (level: string) => (line: unknown) => this.log(invocation, level, String(line));
    const context = { info: log('information'), warn: log('warning'), error: log('error') };
    const answer = await this.runs.invoke({ ...context, traceContext: { traceParent } }).then(
      () => ({ ok: true }),
      ({ message, stack = '' }: Error) => ({ ok: false, error: { message, stack } }),
    );
    await this.call('postInvocation', {});
    this.underWay.delete(invocation);
    return answer;
  }

  dashboard(part = ''): Promise<HttpAnswer> {
    return dashboardAnswer(part, () => lookAtAll(this.viewer, this.clock));
  }

  /** The invocation under way has its answer before this returns, or is among the unanswered. */
  async terminate(): Promise<Ending> {
    const going = this.call('appTerminate', { hookData: {} });
    this.leaveHead();
    await going;
    await this.viewer.close();
    return { code: 0, unanswered: [...this.underWay], stderr: '' };
  }

  protected async askStatus(): Promise<HttpAnswer> {
    const { status, headers, body } = await statusAnswer(this.viewer, this.clock);
    return { status: Number(status), headers: headers as HttpAnswer['headers'], body: body as string };
  }

  private async close(): Promise<void> {
    const going = this.terminate();
    this.limits.advance(60_000); // what still hangs is given up
    await going;
    if (this.telemetry.isOn) await (await this.telemetry.start())?.shutdown();
  }

  /** A line that comes when its invocation is over is told by the library, as one of the system's. */
  private log(invocation: string, level: string, line: string): void {
    const category = this.underWay.has(invocation) ? 'user' : 'system';
    this.lines.push({ level, category, line });
    void this.call('log', { level, category, message: line, invocationContext: { traceContext: { traceParent } } });
  }

  private async call(name: string, context: unknown): Promise<void> {
    for (const callback of this.hooks.get(name) ?? []) await callback(context);
  }

  private hook(name: string) {
    return (callback: (context: never) => void | Promise<void>): void => {
      this.hooks.set(name, [...(this.hooks.get(name) ?? []), callback as (context: unknown) => void]);
    };
  }

  /** The part of the library's `app` that takes hooks. */
  private registry(): typeof functions.app {
    const [log, postInvocation, appTerminate] = ['log', 'postInvocation', 'appTerminate'].map((name) =>
      this.hook(name),
    );
    return { setup: () => undefined, hook: { log, postInvocation, appTerminate } } as unknown as typeof functions.app;
  }
}
