import type { Command } from 'commander';
import { setTimeout as delay } from 'node:timers/promises';

import { systemClock } from '../clock.js';
import type { Config } from '../config.js';
import type { RunReport } from '../engine/run.js';
import { Failure } from '../errors.js';
import type { Replicator } from '../replicator.js';
import { refuse, wholeNumber, withCommonFlags, withReplicator, type CommonFlags } from './command.js';
import { dryRun } from './dryRun.js';
import { exitCodes, type ExitCode } from './exitCodes.js';
import { print, printJson } from './output.js';
import { progressDisplay, type ProgressDisplay } from './progressDisplay.js';
import { runFacts, runLines } from './runReport.js';
import { stopSignals } from './stopSignals.js';

interface RunFlags extends CommonFlags {
  readonly follow?: boolean;
  readonly dryRun?: boolean;
  readonly limit?: string;
  readonly dashboard?: string;
}

/** Failed tries in a row after which a run that was told to end by itself gives up. */
const outageTries = 5;
/** What is under way gets this long to end by itself once a stop was asked for, and then so long to be cut off. */
const graceMs = 3_000;
const cutOffMs = 1_000;

/** `eventferry run`: replicates until caught up, or for ever. */
export function addRun(program: Command): void {
  const command = program
    .command('run')
    .summary('replicate until caught up, or for ever with --follow')
    .description(
      'Replicates what the target does not have yet, and ends when it is caught up. Ctrl-C ends it cleanly at any ' +
        'time; so does a crash: the next run goes on where the target stream ends.',
    )
    .option('--follow', 'go on for ever: wait for new records, and for outages to end')
    .option('--dry-run', 'print the events exactly as they would be appended; write nothing, not even a checkpoint')
    .option('--limit <N>', 'with --dry-run: end after N events')
    .option('--dashboard <PORT>', 'serve the status page on this machine, at this port or (0) a free one');
  withCommonFlags(command).action((flags: RunFlags) => {
    if (flags.limit !== undefined && !flags.dryRun) refuse(command, '--limit goes with --dry-run.');
    if (flags.follow && flags.dryRun) refuse(command, '--follow and --dry-run do not go together.');
    if (flags.dashboard !== undefined && flags.dryRun) refuse(command, '--dashboard and --dry-run do not go together.');
    const port = flags.dashboard === undefined ? undefined : portOf(command, flags.dashboard);
    if (flags.dryRun) {
      const limit = flags.limit === undefined ? Infinity : wholeNumber(command, '--limit', flags.limit, 1);
      return withReplicator(command, (replicator, config) => dryRun(replicator, config, { ...flags, limit }));
    }
    const display = progressDisplay(process.stderr);
    return withReplicator(
      command,
      (replicator, config) =>
        withDashboard(port, replicator, display, () => replicate(replicator, config, flags, display)),
      (text) => display.line(text),
    );
  });
}

function portOf(command: Command, text: string): number {
  const port = wholeNumber(command, '--dashboard', text, 0);
  return port <= 65_535 ? port : refuse(command, '--dashboard takes a port, 0 to 65535.');
}

/** Serves the status page while the work lasts. */
async function withDashboard<T>(
  port: number | undefined,
  replicator: Replicator,
  display: ProgressDisplay,
  work: () => Promise<T>,
): Promise<T> {
  if (port === undefined) return work();
  const [{ dashboardData }, { startDashboard }] = await Promise.all([
    import('../dashboard/dashboardData.js'),
    import('../dashboard/dashboardServer.js'),
  ]);
  const dashboard = await startDashboard(port, () => dashboardData(replicator, systemClock)).catch((error: Error) => {
    throw new Failure('SettingsInvalid', `The status page cannot be served at port ${port}: ${error.message}.`);
  });
  display.line(`Status page: ${dashboard.url}`);
  try {
    return await work();
  } finally {
    await dashboard.close();
  }
}

async function replicate(
  replicator: Replicator,
  config: Config,
  flags: RunFlags,
  display: ProgressDisplay,
): Promise<ExitCode> {
  const stop = stopSignals(() =>
    display.line('Stopping: what is under way is confirmed first. Ctrl-C again ends now.'),
  );
  const ended = new AbortController();
  try {
    const run = replicator.run({
      stop: stop.signal,
      onOutage: 'wait',
      onProgress: (progress) => display.show(progress),
      ...(flags.follow ? { whenCaughtUp: 'wait' } : { whenCaughtUp: 'exit', outageTries, outageTriesAtStart: 1 }),
    });
    const report = await Promise.race([run, cutOff(run, replicator, stop.signal, ended.signal)]);
    display.end();
    if (flags.json) await printJson(runFacts(report, config));
    else for (const line of runLines(report, config)) await print(line);
    if (report) return exitCodes.done;
    // What does not even end when its connections are closed would keep the process; nothing is lost with it.
    process.exit(exitCodes.done);
  } finally {
    ended.abort();
    display.end();
    stop.release();
  }
}

/** Once a stop was asked for: lets the run end by itself for a while, then closes its connections under it. */
async function cutOff(
  run: Promise<RunReport>,
  replicator: Replicator,
  stop: AbortSignal,
  ended: AbortSignal,
): Promise<RunReport | undefined> {
  await aborted(AbortSignal.any([stop, ended]));
  await delay(graceMs, undefined, { signal: ended }).catch(() => undefined);
  if (ended.aborted) return undefined;
  await replicator.close();
  const waited = delay(cutOffMs, undefined, { signal: ended }).catch(() => undefined);
  return Promise.race([run, waited.then(() => undefined)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
