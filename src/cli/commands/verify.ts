import type { Command } from 'commander';

import type { Config } from '../../config/config.js';
import type { VerifyOrder, VerifyProgress, VerifyReport } from '../../verify/stream.js';
import type { TargetReport } from '../../verify/targetOnly.js';
import { refuse, wholeNumber, withCommonFlags, type Commands, type CommonFlags } from './command.js';
import { exitCodes } from '../terminal/exitCodes.js';
import { targetFacts, targetLines } from '../reports/targetReport.js';
import { verifyFacts, verifyLines } from '../reports/verifyReport.js';

interface VerifyFlags extends CommonFlags {
  readonly from?: string;
  readonly to?: string;
  readonly sample?: string;
  readonly seed?: string;
  readonly targetOnly?: boolean;
}

/** `eventferry verify`: compares the target stream with the source. */
export function addVerify(program: Command, commands: Commands): void {
  const { output } = commands;
  const command = program
    .command('verify')
    .summary('compare the target stream with the source: counts, order, ids, types, bytes, marks')
    .description(
      'Compares both ends, up to what was confirmed when it began; a replicator may run at the same time. ' +
        'Ends with 0 when they are equal, 1 when they differ or not all could be judged, 130 when Ctrl-C ended it ' +
        'before it was done. Writes nothing. ' +
        'With --target-only it checks that each event of the stream names the one before it and stands in its place.',
    )
    .option('--from <N>', 'begin at this position of the source')
    .option('--to <N>', 'end with this position')
    .option('--sample <N>', 'compare N ranges of 100 positions, drawn at random, instead of all')
    .option('--seed <N>', 'with --sample: draw the ranges that this number draws')
    .option('--target-only', 'check the whole stream against itself, without reading the source');
  withCommonFlags(command).action((flags: VerifyFlags) => {
    const order = orderOf(command, flags);
    const words = { left: 'to go', done: 'done' };
    const stopping = 'Stopping: the report says how far it came.';
    return commands.withProgress(command, { words, stopping }, async (replicator, config, display, stop) => {
      const watched = { ...order, stop, onProgress: (progress: VerifyProgress) => display.show(shown(progress)) };
      const { facts, lines, isRight, complete } = await (flags.targetOnly
        ? replicator.verifyTarget(watched).then(targetResult)
        : replicator.verify(watched).then((report) => verifyResult(report, config)));
      display.end();
      if (flags.json) await output.printJson(facts);
      else for (const line of lines) await output.print(line);
      if (!isRight) return exitCodes.failed;
      return complete ? exitCodes.done : exitCodes.interrupted;
    });
  });
}

function verifyResult(report: VerifyReport, config: Config) {
  const { equal: isRight, complete } = report;
  return { facts: verifyFacts(report, config), lines: verifyLines(report, config), isRight, complete };
}

function targetResult(report: TargetReport) {
  const { intact: isRight, complete } = report;
  return { facts: targetFacts(report), lines: targetLines(report), isRight, complete };
}

function shown({ events, total, position, revision }: VerifyProgress) {
  const head = { chunk: '', bytes: 0 };
  return { events, position, revision, lag: { bytes: 0, events: total - events, eventsExact: false, head } };
}

function orderOf(command: Command, flags: VerifyFlags): Omit<VerifyOrder, 'stop'> {
  const given = (flag: 'from' | 'to' | 'sample' | 'seed', least: number): number | undefined => {
    const text = flags[flag];
    return text === undefined ? undefined : wholeNumber(command, `--${flag}`, text, least);
  };
  const [from, to, ranges, seed] = [given('from', 1), given('to', 1), given('sample', 1), given('seed', 0)];
  if (from !== undefined && to !== undefined && to < from) refuse(command, '--to must not be before --from.');
  if (seed !== undefined && ranges === undefined) refuse(command, '--seed goes with --sample.');
  if (flags.targetOnly && (from ?? to ?? ranges) !== undefined)
    refuse(command, '--target-only checks the whole stream: it goes without --from, --to and --sample.');
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(ranges !== undefined && { sample: { ranges, seed: seed ?? Math.floor(Math.random() * 1_000_000) } }),
  };
}
