import type { Command } from 'commander';

import type { Status } from '../engine/status.js';
import { withCommonFlags, withReplicator, type CommonFlags } from './command.js';
import { exitCodes, type ExitCode } from './exitCodes.js';
import { print, printJson } from './output.js';
import { counted, duration, number, printable, table } from './wording.js';

/** `eventferry status`: how far replication is, and what is wrong. */
export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .summary('show how far replication is and what is wrong')
    .description(
      'Asks the checkpoint, the source and the target, and shows what they say: head, tail, lag, outage, stop. ' +
        'Ends with 0 when all is well, 3 when a person must decide, 1 for anything else. Writes nothing.',
    );
  withCommonFlags(command).action((flags: CommonFlags) =>
    withReplicator(command, async (replicator) => {
      const status = await replicator.status(new AbortController().signal);
      if (flags.json) await printJson(status);
      else for (const line of statusLines(status)) await print(line);
      return exitCodeOf(status);
    }),
  );
}

function exitCodeOf({ healthy, stop }: Status): ExitCode {
  if (stop) return exitCodes.stoppedForAPerson;
  return healthy ? exitCodes.done : exitCodes.failed;
}

function statusLines(status: Status): string[] {
  const { healthy, problems, source, target, checkpoint, lag, run, warnings } = status;
  const rows: (readonly [string, string])[] = [
    ['State', healthy ? 'healthy' : counted(problems.length, 'problem')],
    ...problems.map((problem) => ['Problem', problem] as const),
    ...warnings.map((warning) => ['Warning', warning] as const),
    ['Source', `${source.id}${source.head ? `, ${headText(source.head)}` : ''}`],
    ['Target', `stream ${target.stream}${targetText(target)}`],
    ['Checkpoint', checkpointText(checkpoint)],
    ...(lag ? [['Lag', lagText(lag)] as const] : []),
    ...(run ? [['Run', runText(run)] as const] : []),
    ...noteRows(status),
  ];
  return table(rows.map(([label, text]) => [label, printable(text)]));
}

function headText({ chunk, bytes }: NonNullable<Status['source']['head']>): string {
  return chunk === '' ? 'without a chunk' : `ends in ${chunk} at byte ${number(bytes)}`;
}

function targetText({ state, revision, position }: Status['target']): string {
  if (state === undefined) return '';
  if (state !== 'event') return `: ${state}`;
  return `, revision ${revision}, ${position === undefined ? 'whose event is not ours' : `position ${position}`}`;
}

function checkpointText(checkpoint: Status['checkpoint']): string {
  const { confirmedPosition, confirmedRevision, chunk, offset, generation, error } = checkpoint;
  if (error) return 'cannot be read';
  if (generation === undefined) return 'none yet';
  const confirmed =
    confirmedRevision === undefined
      ? 'nothing confirmed'
      : `position ${confirmedPosition}, revision ${confirmedRevision} confirmed`;
  const next = chunk ? `, reads on in ${chunk} at byte ${number(offset ?? 0)}` : '';
  return `${confirmed}${next}${generation > 0 ? `, generation ${generation}` : ''}`;
}

function lagText({ bytes, events, eventsExact, seconds }: NonNullable<Status['lag']>): string {
  if (bytes === 0) return 'none';
  return `${counted(bytes, 'byte')}, ${eventsExact ? '' : 'about '}${counted(events, 'event')}, ${duration(seconds)}`;
}

function runText({ runner, startedAt, endedAt, refreshedAt, caughtUpAt }: NonNullable<Status['run']>): string {
  const end = endedAt === undefined ? `last heard of ${refreshedAt}` : `ended ${endedAt}`;
  return `${runner}, started ${startedAt}, ${end}${caughtUpAt === undefined ? '' : `, last caught up ${caughtUpAt}`}`;
}

function noteRows({ outage, stop, lastError }: Status): (readonly [string, string])[] {
  return [
    ...(outage ? [['Outage', `since ${outage.since}, ${number(outage.tries)} failed so far`] as const] : []),
    ...(stop ? [['Stop', `${stop.failure.kind}, since ${stop.since}`] as const] : []),
    ...(lastError ? [['Last error', `${lastError.kind} at ${lastError.at}: ${lastError.message}`] as const] : []),
  ];
}
