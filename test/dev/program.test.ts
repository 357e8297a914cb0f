import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { startProgram } from '../../dev/program.js';
import type { Program } from '../../dev/program.js';
import { eventually, until } from '../support/waits.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eventferry-program-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const forEver = 'setInterval(() => undefined, 1000);';

describe('a program that was started', () => {
  test('A started program ends by itself when its work is done', async () => {
    expect(await startProgram(script('process.exitCode = 3;'), []).ended).toBe(3);
  });

  test('A started program runs TypeScript', async () => {
    const program = startProgram(script('const code: number = 4; process.exitCode = code;', 'ts'), []);
    expect(await program.ended).toBe(4);
  });

  test('A started program gets its arguments and settings, and of our environment only what a process needs', async () => {
    process.env['EVENTFERRY_TEST_SECRET'] = 'not for children';
    onTestFinished(() => void delete process.env['EVENTFERRY_TEST_SECRET']);
    const seen = new Promise((resolve) => {
      startProgram(
        script('process.send([process.argv[2], process.env.A, process.env.EVENTFERRY_TEST_SECRET]);'),
        ['x'],
        {
          env: { A: 'b' },
          onMessage: resolve,
        },
      );
    });
    expect(await until('what the program sees', seen)).toEqual(['x', 'b', null]);
  });

  test('A started program can be asked to stop as by Ctrl-C, and once more when it has ended', async () => {
    const program = await started(`process.on('SIGINT', () => process.exit(0));`);
    expect(await program.stop()).toBe(0);
    expect(await program.stop()).toBe(0);
  });

  test('A started program ends when the program that started it is killed', async () => {
    const module = pathToFileURL(join(import.meta.dirname, '../../dev/program.ts')).href;
    const goodbye = join(dir, 'goodbye');
    const inner = script(
      `import { writeFileSync } from 'node:fs';
       process.on('exit', () => writeFileSync(${JSON.stringify(goodbye)}, ''));
       process.send('started'); ${forEver}`,
    );
    const outer = script(
      `import { startProgram } from ${JSON.stringify(module)};
       startProgram(${JSON.stringify(inner)}, [], { onMessage: (message) => { process.send?.(message); } });
       ${forEver}`,
      'ts',
    );
    const program = await new Promise<Program>((resolve) => {
      const started = startProgram(outer, [], { onMessage: () => resolve(started) });
    });
    expect(existsSync(goodbye)).toBe(false);
    expect(await program.stop()).toBe('SIGINT');
    await eventually('the inner program to end', () => expect(existsSync(goodbye)).toBe(true));
  });
});

let scripts = 0;
function script(text: string, extension = 'mjs'): string {
  const path = join(dir, `script${scripts++}.${extension}`);
  writeFileSync(path, text);
  return path;
}

/** A program that runs for ever and has come as far as its own code. */
async function started(text: string): Promise<Program> {
  return new Promise((resolve) => {
    const program = startProgram(script(`${text} process.send('started'); ${forEver}`), [], {
      onMessage: () => resolve(program),
    });
  });
}
