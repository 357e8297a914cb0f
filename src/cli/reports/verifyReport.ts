import type { Config } from '../../config/config.js';
import type { Difference } from '../../verify/compare/difference.js';
import type { VerifyReport } from '../../verify/stream.js';
import { version } from '../version.js';
import { counted, number, table } from './wording.js';

type Names = { readonly source: Pick<Config['source'], 'container'> };

/** A verification for programs and for the files, with the versions that made it. */
export function verifyFacts(report: VerifyReport, { source }: Names): object {
  return { ...report, container: source.container, versions: { eventferry: version(), node: process.version } };
}

export function verifyLines(report: VerifyReport, { source }: Names): string[] {
  const { events, differences, acceptedForeign, unfinished } = report;
  const { expected, stored, equal, underOtherSettings, quarantined } = events;
  const rows = [
    ['Source', `${report.source}, container ${source.container}`],
    ['Target', `stream ${report.stream}`],
    ['Events', `${number(expected)} at the source, ${number(stored)} in the stream, ${number(equal)} equal`],
    underOtherSettings > 0 && ['', `${number(underOtherSettings)} of them written under other settings`],
    quarantined > 0 && ['', `${number(quarantined)} of them for a message that was set aside, and whose blob is whole`],
    acceptedForeign > 0 && ['', `${counted(acceptedForeign, 'foreign event')} that was accepted, passed over`],
    ...Object.entries(differences.byKind).map(([kind, count]) => ['Differences', `${number(count)} ${kind}`]),
    unfinished !== undefined && [
      'Unfinished',
      `position ${unfinished}: the stream holds only its first events yet; not compared`,
    ],
    ['Confirmed', `position ${report.confirmed.position}, revision ${report.confirmed.revision} when it began`],
    ...rangeRows(report),
    ['Settings', report.settings],
    ['Time', `${report.startedAt} to ${report.endedAt}`],
    ['Versions', `Eventferry ${version()}, Node ${process.version}`],
  ];
  return [
    verdict(report),
    ...differenceLines(differences),
    ...unjudgedLines(report),
    '',
    ...table(rows.filter((row) => row !== false)),
  ];
}

function verdict({ equal, complete, sample, ranges, differences, stream, confirmed }: VerifyReport): string {
  const last = ranges.at(-1);
  const what = sample
    ? `a sample of ${counted(ranges.length, 'range')}`
    : `positions ${ranges[0]?.from ?? 1} to ${last?.to ?? 0}`;
  const cut = complete ? '' : ` Stopped on request; continue with --from ${(last?.to ?? 0) + 1}.`;
  if (differences.total > 0) return `Different: ${counted(differences.total, 'difference')} in ${what}.${cut}`;
  if (!equal) return `Not judged: some events of ${what}. There is no difference in what was compared.${cut}`;
  if (confirmed.position === 0)
    return `Equal: nothing of the source is in stream ${stream} yet, so nothing was compared.`;
  return `Equal: every event of ${what} is in stream ${stream} once, in order, byte for byte.${cut}`;
}

/** What could not be judged, and how it can be. */
function unjudgedLines({ unjudged }: VerifyReport): string[] {
  return unjudged.map(
    ({ settings, events, from, to }) =>
      `  not judged: ${counted(events, 'event')} of positions ${from} to ${to}. The settings of then (${settings}) are not ` +
      `known, and may have left events out or decided types. With those settings, run verify --from ${from} --to ${to}.`,
  );
}

/** A line for each of the first differences, and one for how many more there are. */
export function differenceLines({ total, first }: VerifyReport['differences']): string[] {
  const more = total - first.length;
  return [...first.map(differenceLine), ...(more > 0 ? [`  and ${number(more)} more`] : [])];
}

function differenceLine({ kind, position, index, revision, detail }: Difference): string {
  const places = [
    ...(position === undefined ? [] : [`position ${position}${index === undefined ? '' : ` event ${index}`}`]),
    ...(revision === undefined ? [] : [`revision ${revision}`]),
  ];
  return `  ${kind}: ${[...places, detail].join(', ')}`;
}

/** Of a sample a person sees how to draw it again; its many digests would say little. */
function rangeRows({ ranges, sample }: VerifyReport): string[][] {
  if (sample) {
    const drawn = `${counted(ranges.length, 'range')}; --sample ${sample.ranges} --seed ${sample.seed} draws it again`;
    return [['Sample', drawn]];
  }
  const [range] = ranges;
  if (!range) return [];
  return [
    ['SHA-256', `${range.digest.source} of the source's events`],
    ['', `${range.digest.target} of the stream's`],
  ];
}
