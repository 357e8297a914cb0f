import type { Command } from 'commander';

import { statusWithin } from '../../dashboard/data.js';
import type { Status } from '../../engine/report/status.js';
import type { Replicator } from '../../replicator.js';
import { redactedJson } from '../../core/redact.js';
import { iso } from '../../core/time.js';
import { wholeNumber, withCommonFlags, type Commands, type CommonFlags } from './command.js';
import { exitCodes, type ExitCode } from '../terminal/exitCodes.js';
import { statusLines } from '../reports/statusReport.js';
import type { Line } from '../terminal/output.js';
import { stopSignals } from '../terminal/stopSignals.js';
import { blocksView, screenView, watch } from './watch.js';

interface StatusFlags extends CommonFlags {
  readonly watch?: string | true;
}

const defaultWatchSeconds = 5;

/** `eventferry status`: shows how far replication is, and what is wrong. */
export function addStatus(program: Command, commands: Commands): void {
  const { output } = commands;
  const command = program
    .command('status')
    .summary('show how far replication is and what is wrong')
    .description(
      'Asks the checkpoint, the source and the target, and shows what they say: head, tail, lag, outage, stop. ' +
        'Ends with 0 when all is well, 3 when a person must decide, 1 for anything else. Writes nothing.',
    )
    .option(
      '--watch [SECONDS]',
      `show it again every ${defaultWatchSeconds} seconds, or as many as given, until Ctrl-C`,
    );
  withCommonFlags(command).action((flags: StatusFlags) => {
    const seconds = watchSeconds(command, flags.watch);
    return commands.withReplicator(command, async (replicator) => {
      if (seconds !== undefined) return watchStatus(replicator, seconds, flags, commands);
      const status = await replicator.status(new AbortController().signal);
      if (flags.json) await output.printJson(status);
      else for (const line of linesOf(status, commands)) await output.print(line);
      return exitCodeOf(status);
    });
  });
}

function watchSeconds(command: Command, given: StatusFlags['watch']): number | undefined {
  if (given === undefined) return undefined;
  return given === true ? defaultWatchSeconds : wholeNumber(command, '--watch', given, 1);
}

/** Shows the status again and again, until it is told to stop; that is its usual end. */
async function watchStatus(
  replicator: Replicator,
  seconds: number,
  { json }: StatusFlags,
  commands: Commands,
): Promise<ExitCode> {
  const { host, output } = commands;
  const { stdout, clock } = host;
  const onScreen = stdout.isTTY && !json;
  const look = async (): Promise<readonly string[]> => {
    const status = await statusWithin(replicator, clock);
    if (json) return [redactedJson(status)];
    return [iso(clock.now()), ...linesOf(status, commands).map((line) => output.shown(line))];
  };
  const view = onScreen ? screenView(stdout) : blocksView(stdout, json ? '' : '\n');
  const stop = stopSignals(commands.host, () => undefined);
  try {
    await watch(look, seconds * 1000, view, { clock, signal: stop.signal });
    return exitCodes.done;
  } finally {
    stop.release();
  }
}

function linesOf(status: Status, { host }: Commands): Line[] {
  const { columns } = host.stdout;
  return statusLines(status, { now: host.clock.now(), ...(columns !== undefined && { columns }) });
}

function exitCodeOf({ healthy, stop }: Status): ExitCode {
  if (stop) return exitCodes.stoppedForAPerson;
  return healthy ? exitCodes.done : exitCodes.failed;
}
