import { describe, expect, test } from 'vitest';

import { eventferry } from './commandLine.js';

describe('eventferry --help', () => {
  test.each([[['--help']], [['run', '--help']], [['help']], [['help', 'run']]])(
    'eventferry --help documents the exit codes: %j',
    async (args) => {
      const { code, stdout } = await eventferry(args, {});
      expect(code).toBe(0);
      expect(stdout).toContain('Exit codes:\n  0  done');
      expect(stdout).toContain('3  stopped: a person must decide');
      expect(stdout).toContain('130  interrupted');
    },
  );

  test('eventferry without a command shows the help and ends as wrong usage', async () => {
    const { code, stderr } = await eventferry([], {});
    expect(code).toBe(2);
    expect(stderr).toContain('Exit codes:');
  });
});
