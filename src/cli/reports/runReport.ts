import type { Config } from '../../config/config.js';
import type { RunReport } from '../../engine/terms.js';
import { counted } from './wording.js';

/** The settings that a report names. */
export type Named = {
  readonly source: Pick<Config['source'], 'id' | 'container'>;
  readonly target: Pick<Config['target'], 'stream'>;
};

/** What a run did, for programs. Without a report the run was cut off, and nobody knows what it did. */
export function runFacts(report: RunReport | undefined, { source, target }: Named): object {
  const place = report?.place;
  return {
    end: report?.end ?? 'stop-requested',
    events: report?.events ?? null,
    position: place ? (place.confirmed?.mark.position ?? 0) : null,
    revision: place?.revision ?? null,
    stream: target.stream,
    source: source.id,
    anotherRunner: report?.anotherRunner ?? null,
  };
}

/** What a run did, for people. */
export function runLines(report: RunReport | undefined, names: Named): string[] {
  if (!report) {
    return ['Stopped on request while appends were under way. The next run asks the target which of them arrived.'];
  }
  return [endLine(report, names), ...(report.anotherRunner ? [anotherRunner] : [])];
}

const anotherRunner = 'Another runner writes to the same stream. Every event is there exactly once all the same.';

function endLine({ end, events, place }: RunReport, { source, target }: Named): string {
  const confirmed = place?.confirmed;
  const where =
    confirmed && `position ${confirmed.mark.position}, revision ${confirmed.revision} of stream ${target.stream}`;
  switch (end) {
    case 'nothing-to-replicate':
      return `Nothing to replicate: container ${source.container} holds no record yet.`;
    case 'caught-up':
      if (!where) return 'Caught up: no record of the source makes an event yet.';
      return events > 0 ? `Replicated ${counted(events, 'event')}: ${where}. Caught up.` : `Nothing new: ${where}.`;
    case 'stop-requested':
    case 'budget-used':
    case 'left-to-another-runner':
      return `Stopped on request after ${counted(events, 'event')}${where ? `: ${where}` : ''}.`;
  }
}
