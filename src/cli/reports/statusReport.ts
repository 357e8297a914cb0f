import { printable } from '../../core/text.js';
import type { Status } from '../../engine/report/status.js';
import type { Colour, Line } from '../terminal/output.js';
import { counted, duration, number, size } from './wording.js';

export interface Screen {
  /** The time that ages are measured by; ms since 1970. */
  readonly now: number;
  /** Characters in a line; longer lines are broken. Absent: lines are not broken. */
  readonly columns?: number;
}

interface Row {
  readonly label: string;
  readonly text: string;
  readonly colour?: Colour;
}

/** A status for people, on one screen. */
export function statusLines(status: Status, { now, columns }: Screen): Line[] {
  const rows = rowsOf(status, now);
  const labelWidth = Math.max(...rows.map(({ label }) => label.length)) + 2;
  const width = columns === undefined ? Infinity : Math.max(20, columns - labelWidth);
  return rows.flatMap(({ label, text, colour }) =>
    wrapped(printable(text), width).map((line, index) => [
      (index === 0 ? label : '').padEnd(labelWidth),
      colour ? { text: line, colour } : line,
    ]),
  );
}

function rowsOf(status: Status, now: number): Row[] {
  const { source, target, checkpoint, lag, run, stop, outage, quarantine, warnings, lastError, staleSeconds } = status;
  const ago = (at: string) => agoText(now, at);
  return [
    stateRow(status),
    ...status.problems.map((text): Row => ({ label: 'Problem', text, colour: 'red' })),
    ...warnings.map((text): Row => ({ label: 'Warning', text, colour: 'yellow' })),
    { label: 'Source', text: `${source.id}${sourceText(source)}` },
    { label: 'Target', text: `stream ${target.stream}${targetText(target)}` },
    { label: 'Checkpoint', text: checkpointText(checkpoint) },
    ...(lag ? [{ label: 'Lag', text: lagText(lag) }] : []),
    ...(staleSeconds === undefined ? [] : [{ label: 'Last well', text: wellText(staleSeconds) }]),
    ...(run ? [{ label: 'Run', text: runText(run, status.recentRuns?.[0]?.end, ago) }] : []),
    ...(outage ? [{ label: 'Outage', text: `since ${ago(outage.since)}, ${number(outage.tries)} failed so far` }] : []),
    ...(stop ? [{ label: 'Stop', text: `${stop.failure.kind}, since ${ago(stop.since)}` }] : []),
    ...(quarantine?.messages ? [{ label: 'Quarantine', text: counted(quarantine.messages, 'message') }] : []),
    ...(lastError
      ? [{ label: 'Last error', text: `${lastError.kind}, ${ago(lastError.at)}: ${lastError.message}` }]
      : []),
  ];
}

function stateRow({ healthy, problems, stop, outage, lag }: Status): Row {
  if (stop) return { label: 'State', text: 'stopped: a person must decide', colour: 'red' };
  if (outage) return { label: 'State', text: 'outage: Eventferry tries again', colour: 'red' };
  if (!healthy) return { label: 'State', text: counted(problems.length, 'problem'), colour: 'red' };
  return { label: 'State', text: lag && lag.bytes > 0 ? 'healthy, catching up' : 'healthy', colour: 'green' };
}

function sourceText({ head, map }: Status['source']): string {
  if (!head) return '';
  if (head.chunk === '') return ', without a chunk';
  const end = `, ends in ${head.chunk} at byte ${number(head.bytes)}`;
  return map ? `${end}; ${counted(map.chunks, 'chunk')}, ${size(map.bytes)}` : end;
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
  return `${eventsExact ? '' : 'about '}${counted(events, 'event')}, ${size(bytes)}, for ${duration(seconds)}`;
}

function wellText(staleSeconds: number): string {
  return staleSeconds === 0 ? 'now' : `${duration(staleSeconds)} ago`;
}

function runText(
  { runner, startedAt, endedAt, single, refreshedAt }: NonNullable<Status['run']>,
  end: string | undefined,
  ago: (at: string) => string,
): string {
  if (endedAt === undefined) return `${runner}, started ${ago(startedAt)}, last heard of ${ago(refreshedAt)}`;
  const next = single ? '; no other is due' : '';
  return `${runner}, ended ${ago(endedAt)}${end === undefined ? '' : `: ${end}`}${next}`;
}

/** A time in UTC with its age, because the reader's clock may be in another zone. */
function agoText(now: number, at: string): string {
  const seconds = (now - Date.parse(at)) / 1000;
  return `${at.slice(0, 19)}Z (${duration(Math.max(0, seconds))} ago)`;
}

/** Breaks at spaces; a word longer than a line stands alone. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
