import type { Config } from '../config/config.js';
import { silentAfterMs } from '../engine/report/health.js';
import { intervalSeconds } from '../config/schedule.js';
import { runSeconds } from '../config/settings.js';
import { good, warning, type Finding } from './finding.js';

/**
 * Finds settings that are valid each and contradict each other.
 *
 * @param ofServer contradictions inside the server's connection string
 */
export function agreementFindings({ run }: Config, ofServer: readonly string[]): Finding[] {
  const { seconds, schedule, idlePollMs, whenCaughtUp } = run;
  const interval = intervalSeconds(schedule);
  const findings = ofServer.map((says) => warning('agreement', says, 'Change EVENTSTORE_CONNECTION_STRING.'));
  const warn = (says: string, next: string) => findings.push(warning('agreement', says, next));
  if (interval && interval.longest > seconds) {
    warn(
      `The timer fires every ${interval.longest} s (REPLICATION_SCHEDULE), but a run ends after ${seconds} s ` +
        `(RUN_SECONDS): the source is not polled for ${interval.longest - seconds} s.`,
      interval.longest <= runSeconds.most
        ? `Set RUN_SECONDS to ${interval.longest}, so that runs follow each other without a gap.`
        : 'Let the timer fire more often, and set RUN_SECONDS to its interval.',
    );
  }
  // A schedule that names hours or days has a gap of at least an hour.
  const silentSeconds = interval ? interval.longest - (whenCaughtUp === 'wait' ? seconds : 0) : Infinity;
  if (silentSeconds * 1000 > silentAfterMs) {
    warn(
      `No run reports for ${interval ? `${silentSeconds} s` : 'an hour or more'} between two ticks (REPLICATION_SCHEDULE): ` +
        `\`status\` calls ${silentAfterMs / 60_000} minutes without a report a problem, and the alert no-successful-run ` +
        'goes off when no run ends well within 15.',
      'Let the timer fire every minute, or expect both between the ticks.',
    );
  }
  if (interval && interval.shortest < seconds) {
    warn(
      `A run lasts ${seconds} s (RUN_SECONDS), but the timer fires every ${interval.shortest} s ` +
        '(REPLICATION_SCHEDULE): ticks are missed.',
      interval.shortest >= runSeconds.least
        ? `Set RUN_SECONDS to ${interval.shortest}.`
        : `Let the timer fire every ${runSeconds.least} s at most.`,
    );
  }
  if (idlePollMs >= seconds * 1000) {
    warn(
      `A run polls the source every ${idlePollMs} ms (IDLE_POLL_MS), but lasts only ${seconds} s (RUN_SECONDS).`,
      'Set IDLE_POLL_MS to a small part of RUN_SECONDS.',
    );
  }
  return findings.length > 0 ? findings : [good('agreement', 'no two settings contradict each other')];
}
