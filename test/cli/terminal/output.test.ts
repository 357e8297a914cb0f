import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';

import { Output } from '../../../src/cli/terminal/output.js';

const evil = 'a\u001b[2J\r\n\u009bb';
const harmless = 'a\\u001b[2J\\u000d\\u000a\\u009bb';

function terminal(hasColours: boolean) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const output = new Output({ stdout: Object.assign(stdout, { isTTY: true, hasColors: () => hasColours }), stderr });
  const read = (stream: PassThrough) => (stream.read() as Buffer).toString();
  return { output, printed: () => read(stdout), told: () => read(stderr) };
}

test('Whatever is printed or told on the terminal is one line that cannot control it', async () => {
  const { output, printed, told } = terminal(false);
  await output.print(evil);
  await output.print([`${evil} `, { text: evil, colour: 'red' }]);
  await output.printJson({ text: evil });
  output.tell(evil);
  expect(printed().split('\n')).toEqual([
    harmless,
    `${harmless} ${harmless}`,
    '{"text":"a\\u001b[2J\\r\\n\\u009bb"}',
    '',
  ]);
  expect(told()).toBe(`${harmless}\n`);
});

test('A part of a line is in colour where the terminal shows colours, and only as it is meant', async () => {
  const { output, printed } = terminal(true);
  await output.print(['State ', { text: '\u001b[31mhealthy', colour: 'green' }]);
  expect(printed()).toBe('State \u001b[32m\\u001b[31mhealthy\u001b[39m\n');
});
