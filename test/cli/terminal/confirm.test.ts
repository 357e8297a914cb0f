import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';

import { confirm } from '../../../src/cli/terminal/confirm.js';

function answered(text: string): Promise<boolean> {
  const input = new PassThrough();
  input.end(text);
  return confirm('Go on?', { stdin: input, stderr: new PassThrough() });
}

describe('A question on the terminal', () => {
  test.each(['y\n', 'Y\n', ' yes \n'])('A question on the terminal is answered with yes by %j', async (text) => {
    expect(await answered(text)).toBe(true);
  });

  test.each(['\n', 'n\n', 'yeah no\n', ''])('A question on the terminal is answered with no by %j', async (text) => {
    expect(await answered(text)).toBe(false);
  });

  test('A question on the terminal names the possible answers, and cannot control the terminal', async () => {
    const [stdin, stderr] = [new PassThrough(), new PassThrough()];
    stdin.end('n\n');
    await confirm('Go on after a\u001b[2J?', { stdin, stderr });
    expect((stderr.read() as Buffer).toString()).toContain('Go on after a\\u001b[2J? [y/N] ');
  });
});
