import type { TargetReport } from '../../verify/targetOnly.js';
import { version } from '../version.js';
import { differenceLines } from './verifyReport.js';
import { counted, number, table } from './wording.js';

/** What the stream alone says about itself, for programs and for the files, with the versions that made it. */
export function targetFacts(report: TargetReport): object {
  return { ...report, versions: { eventferry: version(), node: process.version } };
}

export function targetLines(report: TargetReport): string[] {
  const { events, differences, acceptedForeign, unfinished, stream, source } = report;
  const rows = [
    ['Target', `stream ${stream}, up to revision ${report.revision}`],
    ['Events', `${number(events.stored)} in the stream, ${number(events.ours)} of them of source ${source}`],
    events.unlinked > 0 && [
      '',
      `${number(events.unlinked)} of them by an earlier version, which do not name the event before them`,
    ],
    events.quarantined > 0 && ['', `${number(events.quarantined)} of them for a message that was set aside`],
    acceptedForeign > 0 && ['', `${counted(acceptedForeign, 'foreign event')} that was accepted, passed over`],
    ...Object.entries(differences.byKind).map(([kind, count]) => ['Differences', `${number(count)} ${kind}`]),
    unfinished !== undefined && ['Unfinished', `position ${unfinished}: the stream holds only its first events yet`],
    ['Time', `${report.startedAt} to ${report.endedAt}`],
    ['Versions', `Eventferry ${version()}, Node ${process.version}`],
  ];
  return [verdict(report), ...differenceLines(differences), '', ...table(rows.filter((row) => row !== false))];
}

function verdict({ intact, complete, differences, events, stream, revision }: TargetReport): string {
  const cut = complete ? '' : ` Stopped on request, behind revision ${revision}.`;
  if (!intact) return `Different: ${counted(differences.total, 'thing')} in stream ${stream} cannot be right.${cut}`;
  if (events.stored === 0) return `Nothing to check: stream ${stream} does not exist, or holds no event.${cut}`;
  return (
    `Intact: each event of stream ${stream} follows the one that it names, in order, once.${cut} ` +
    'The source was not read: `eventferry verify` compares with it.'
  );
}
