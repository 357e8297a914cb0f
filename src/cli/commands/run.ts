import type { Command } from 'commander';
import { once } from 'node:events';

import type { Clock } from '../../core/clock.js';
import type { RunReport } from '../../engine/terms.js';
import { Failure } from '../../core/failure.js';
import { settledWithin } from '../../core/time.js';
import type { Replicator } from '../../replicator.js';
import { refuse, wholeNumber, withCommonFlags, type Commands, type CommonFlags } from './command.js';
import { dryRun } from './dryRun.js';
import { exitCodes } from '../terminal/exitCodes.js';
import { replicationWords } from '../terminal/progress.js';
import { runFacts, runLines } from '../reports/runReport.js';

interface RunFlags extends CommonFlags {
  readonly follow?: boolean;
  readonly dryRun?: boolean;
  readonly limit?: string;
  readonly dashboard?: string;
}

/** A run without `--follow` gives up after this many failed tries in a row. */
const outageTries = 5;
/** After a request to stop, the run has this long to end by itself, and then this long to end without connections. */
const graceMs = 3_000;
const cutOffMs = 1_000;

/** `eventferry run`: replicates until caught up, or for ever. */
export function addRun(program: Command, commands: Commands): void {
  const { host, output } = commands;
  const command = program
    .command('run')
    .summary('replicate until caught up, or for ever with --follow')
    .description(
      'Replicates what the target does not have yet, and ends when it is caught up. Ctrl-C ends it cleanly at any ' +
        'time. After a crash too, the next run continues where the target stream ends.',
    )
    .option('--follow', 'never end: wait for new records, and for outages to end')
    .option('--dry-run', 'print the events exactly as they would be appended; write nothing, not even a checkpoint')
    .option('--limit <N>', 'with --dry-run: end after N events')
    .option('--dashboard <PORT>', 'serve the status page on this machine, at this port or (0) a free one');
  withCommonFlags(command).action((flags: RunFlags) => {
    if (flags.limit !== undefined && !flags.dryRun) refuse(command, '--limit needs --dry-run.');
    if (flags.follow && flags.dryRun) refuse(command, '--follow and --dry-run exclude each other.');
    if (flags.dashboard !== undefined && flags.dryRun) refuse(command, '--dashboard and --dry-run exclude each other.');
    const port = flags.dashboard === undefined ? undefined : portOf(command, flags.dashboard);
    if (flags.dryRun) {
      const limit = flags.limit === undefined ? Infinity : wholeNumber(command, '--limit', flags.limit, 1);
      return commands.withReplicator(command, (replicator, config) =>
        dryRun(replicator, config, { ...flags, limit }, output),
      );
    }
    const stopping = 'Stopping after the appends under way are confirmed.';
    const shown = { words: replicationWords, stopping };
    return commands.withProgress(command, shown, async (replicator, config, display, stop) => {
      const dashboard = port === undefined ? undefined : await serveDashboard(port, replicator, host.clock);
      if (dashboard) display.line(`Status page: ${dashboard.url}`);
      try {
        const run = replicator.run({
          stop,
          onOutage: 'wait',
          onProgress: (progress) => display.show(progress),
          ...(flags.follow ? { whenCaughtUp: 'wait' } : { whenCaughtUp: 'exit', outageTries, outageTriesAtStart: 1 }),
        });
        const report = await Promise.race([run, cutOff(run, replicator, host.clock, stop)]);
        display.end();
        if (flags.json) await output.printJson(runFacts(report, config));
        else for (const line of runLines(report, config)) await output.print(line);
        return exitCodes.done;
      } finally {
        await dashboard?.close();
      }
    });
  });
}

function portOf(command: Command, text: string): number {
  const port = wholeNumber(command, '--dashboard', text, 0);
  return port <= 65_535 ? port : refuse(command, '--dashboard takes a port, 0 to 65535.');
}

async function serveDashboard(port: number, replicator: Replicator, clock: Clock) {
  const [{ dashboardData }, { startDashboard }] = await Promise.all([
    import('../../dashboard/data.js'),
    import('../../dashboard/server.js'),
  ]);
  return startDashboard(port, () => dashboardData(replicator, clock)).catch((error: Error) => {
    throw new Failure('SettingsInvalid', `The status page cannot be served at port ${port}: ${error.message}.`);
  });
}

/**
 * After a request to stop, lets the run end by itself for a while, then closes its connections.
 *
 * @returns undefined when the run does not end even then; nothing is lost
 */
async function cutOff(
  run: Promise<RunReport>,
  replicator: Replicator,
  clock: Clock,
  stop: AbortSignal,
): Promise<RunReport | undefined> {
  if (!stop.aborted) await once(stop, 'abort');
  if (await settledWithin(run, graceMs, clock)) return run;
  await replicator.close();
  return (await settledWithin(run, cutOffMs, clock)) ? run : undefined;
}
