import type { Command } from 'commander';

import type { VerifyOrder } from '../../verify/stream.js';
import { refuse, wholeNumber, withCommonFlags, type Commands, type CommonFlags } from './command.js';
import { exitCodes } from '../terminal/exitCodes.js';
import { verifyFacts, verifyLines } from '../reports/verifyReport.js';

interface VerifyFlags extends CommonFlags {
  readonly from?: string;
  readonly to?: string;
  readonly sample?: string;
  readonly seed?: string;
}

/** `eventferry verify`: compares the target stream with the source. */
export function addVerify(program: Command, commands: Commands): void {
  const { output } = commands;
  const command = program
    .command('verify')
    .summary('compare the target stream with the source: counts, order, ids, types, bytes, marks')
    .description(
      'Compares both ends, up to what was confirmed when it began; a replicator may run at the same time. ' +
        'Ends with 0 when they are equal, 1 when they differ, 130 when Ctrl-C ended it before it was done. Writes nothing.',
    )
    .option('--from <N>', 'begin at this position of the source')
    .option('--to <N>', 'end with this position')
    .option('--sample <N>', 'compare N ranges of 100 positions, drawn at random, instead of all')
    .option('--seed <N>', 'with --sample: draw the ranges that this number draws');
  withCommonFlags(command).action((flags: VerifyFlags) => {
    const order = orderOf(command, flags);
    const words = { left: 'to go', done: 'done' };
    const stopping = 'Stopping: the report says how far it came.';
    return commands.withProgress(command, { words, stopping }, async (replicator, config, display, stop) => {
      const report = await replicator.verify({
        ...order,
        stop,
        onProgress: ({ events, total, position, revision }) => {
          const head = { chunk: '', bytes: 0 };
          const lag = { bytes: 0, events: total - events, eventsExact: false, head };
          display.show({ events, position, revision, lag });
        },
      });
      display.end();
      if (flags.json) await output.printJson(verifyFacts(report, config));
      else for (const line of verifyLines(report, config)) await output.print(line);
      if (!report.equal) return exitCodes.failed;
      return report.complete ? exitCodes.done : exitCodes.interrupted;
    });
  });
}

function orderOf(command: Command, flags: VerifyFlags): Omit<VerifyOrder, 'stop'> {
  const given = (flag: 'from' | 'to' | 'sample' | 'seed', least: number): number | undefined => {
    const text = flags[flag];
    return text === undefined ? undefined : wholeNumber(command, `--${flag}`, text, least);
  };
  const [from, to, ranges, seed] = [given('from', 1), given('to', 1), given('sample', 1), given('seed', 0)];
  if (from !== undefined && to !== undefined && to < from) refuse(command, '--to must not be before --from.');
  if (seed !== undefined && ranges === undefined) refuse(command, '--seed goes with --sample.');
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(ranges !== undefined && { sample: { ranges, seed: seed ?? Math.floor(Math.random() * 1_000_000) } }),
  };
}
