import { describe, expect, test } from 'vitest';

import { consoleLogger } from '../../src/telemetry/consoleLogger.js';

function linesOf(json: boolean, say: (logger: ReturnType<typeof consoleLogger>) => void): string[] {
  const lines: string[] = [];
  say(consoleLogger({ json, write: (line) => lines.push(line) }));
  return lines;
}

describe("the command line's log", () => {
  test("The command line's log says what happened on one line, with its facts by name", () => {
    const [line] = linesOf(false, (logger) =>
      logger.warn('outage-goes-on', {
        kind: 'TargetUnreachable',
        tries: 3,
        message: 'No answer\nfrom "db".',
        since: undefined,
      }),
    );
    expect(line).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z warn {2}outage-goes-on kind=TargetUnreachable tries=3 message="No answer\\nfrom \\"db\\"\."\n$/,
    );
  });

  test("The command line's log is JSON when asked to", () => {
    const [line = ''] = linesOf(true, (logger) =>
      logger.error('stopped', { position: 7, time: 'fact', level: 'fact' }),
    );
    expect(JSON.parse(line)).toEqual({
      level: 'error',
      time: expect.stringMatching(/^\d{4}-/) as string,
      event: 'stopped',
      facts: { position: 7, time: 'fact', level: 'fact' },
    });
  });

  test.each([true, false])("The command line's log never shows a secret (JSON: %s)", (json) => {
    const [line] = linesOf(json, (logger) =>
      logger.info('connected', { url: 'esdb://admin:hunter2@db:2113', inner: { sas: 'https://a/?sig=hunter2' } }),
    );
    expect(line).toContain('db:2113');
    expect(line).not.toContain('hunter2');
  });

  test.each([true, false])("The command line's log lets no fact control the terminal (JSON: %s)", (json) => {
    const [line = ''] = linesOf(json, (logger) =>
      logger.error('stopped', { type: 'a\u001b[2J\u009b31m\u0085', inner: ['\u202e b'] }),
    );
    // eslint-disable-next-line no-control-regex
    expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|\n./);
    expect(line).toContain('a\\u001b[2J\\u009b31m\\u0085');
    expect(line).toContain('\\u202e b');
  });

  test("The command line's log holds at most 10,000 characters of each fact", () => {
    const [line = ''] = linesOf(false, (logger) => logger.error('stopped', { key: 'k'.repeat(32_000) }));
    expect(line.length).toBeLessThan(10_100);
  });

  test("The command line's log does not round 64-bit integers", () => {
    const lines = linesOf(false, (logger) => logger.info('stamp', { stamp: 2n ** 63n - 1n }));
    expect(lines[0]).toContain('stamp=9223372036854775807');
  });
});
