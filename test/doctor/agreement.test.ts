import { describe, expect, test } from 'vitest';

import { loadConfig } from '../../src/config/config.js';
import { agreementFindings } from '../../src/doctor/agreement.js';

/** What is said of settings that differ from the defaults by these. */
function sentences(changes: Record<string, string>): string[] {
  const { config } = loadConfig({
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    SOURCE_CONTAINER: 'billing',
    EVENTSTORE_CONNECTION_STRING: 'esdb://localhost:2113?tls=false',
    ...changes,
  });
  return agreementFindings(config, []).map(({ says }) => says);
}

describe('A schedule that leaves more than three minutes without a run', () => {
  test.each([
    ['0 */15 * * * *', /^No run reports for 840 s between two ticks .*3 minutes.*no-successful-run/],
    ['0 0 9-17 * * MON-FRI', /^No run reports for an hour or more between two ticks/],
  ])('The doctor warns of a schedule that leaves more than three minutes without a run: %s', (schedule, says) => {
    expect(sentences({ REPLICATION_SCHEDULE: schedule })).toContainEqual(expect.stringMatching(says));
  });

  test('The doctor warns of a schedule when the runs between do not wait to the end of their time', () => {
    const changes = { REPLICATION_SCHEDULE: '0 */4 * * * *', RUN_SECONDS: '240', WHEN_CAUGHT_UP: 'exit' };
    expect(sentences(changes)).toContainEqual(expect.stringMatching(/^No run reports for 240 s/));
  });

  test.each([
    {},
    { REPLICATION_SCHEDULE: '0 */4 * * * *', RUN_SECONDS: '240' },
    { REPLICATION_SCHEDULE: '0 */3 */1 * * *', WHEN_CAUGHT_UP: 'exit' },
  ])('A schedule of %j leaves no more than three minutes without a run', (changes) => {
    expect(sentences(changes)).not.toContainEqual(expect.stringMatching(/^No run reports/));
  });
});
