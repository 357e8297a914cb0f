import type { FailureNote } from '../checkpoint/row.js';

/** A message to people. Times are ISO 8601, UTC. */
export interface Notice {
  /** Also the name of the log event that says the same. */
  readonly event: 'outage-began' | 'outage-ended' | 'stopped';
  readonly source: string;
  readonly stream: string;
  /** When it happened. */
  readonly at: string;
  /** When the outage that is over began. */
  readonly since?: string;
  /** What fails or, at the end of an outage, failed. */
  readonly failure?: Pick<FailureNote, 'kind' | 'message' | 'remedy'>;
}

export type Severity = 'info' | 'error' | 'critical';

/** An outage may end by itself; a stop waits for a person. */
export const severities: Readonly<Record<Notice['event'], Severity>> = {
  'outage-began': 'error',
  'outage-ended': 'info',
  stopped: 'critical',
};

/** A notice in words: a title, and lines below it. */
export function noticeWords({ event, source, stream, at, since, failure }: Notice): {
  readonly title: string;
  readonly lines: readonly string[];
} {
  const way = `${source} to stream ${stream}`;
  const cause = failure ? [`${failure.kind}: ${failure.message}`] : [];
  const remedy = failure ? [`What to do: ${failure.remedy}`] : [];
  switch (event) {
    case 'outage-began':
      return {
        title: `Outage: ${way} waits`,
        lines: [...cause, ...remedy, `Since ${at}. Eventferry keeps trying by itself.`],
      };
    case 'outage-ended':
      return {
        title: `Outage over: ${way} continues`,
        lines: [since === undefined ? `Since ${at}.` : `It lasted from ${since} to ${at}.`, ...cause],
      };
    case 'stopped':
      return { title: `Stopped: ${way} needs a decision`, lines: [...cause, ...remedy, `Since ${at}.`] };
  }
}
