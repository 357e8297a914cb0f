import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';

import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { eventually, until } from '../support/waits.js';
import { eventferryProcess, main, password, startProcess } from './commandLine.js';

const server = sharedEmbeddedServer();
const first = '00000000-2013-10-15-080000.dat';
const second = '00000003-2013-10-15-090000.dat';

/** A ferry whose server wants a password, so that tests see it stay secret. */
async function openFerry(): Promise<Ferry> {
  const secret = server().connectionString.replace('://', `://admin:${password}@`);
  return Ferry.open(server(), { EVENTSTORE_CONNECTION_STRING: secret });
}

describe('The process of eventferry', () => {
  test('The eventferry process follows the source until Ctrl-C ends it cleanly', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 2));
    const running = startProcess(['run', '--follow'], ferry.environment());
    await eventually('the first two events', () => expect(ferry.bodies()).toEqual(numberedBodies(1, 2)));
    await ferry.write(second, numbered(3, 4));
    await eventually('all four events', () => expect(ferry.bodies()).toEqual(numberedBodies(1, 4)));
    running.kill('SIGINT');
    const { code, stdout, stderr } = await until('the end of the process', running.ended);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `Stopped on request after 4 events: position 4, revision 3 of stream ${ferry.stream}.\n`,
    });
    expect(stderr).toContain('Stopping after the appends under way');
    expect(await ferry.row()).toMatchObject({ confirmed: { revision: 3 } });
  });

  test('The eventferry process ends by itself although a handle in it is still open', async () => {
    const openForEver = { NODE_OPTIONS: '--import=data:text/javascript,setInterval(()=>{},1000)' };
    const { code, stdout } = await eventferryProcess(['--version'], openForEver);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
  });

  test('The eventferry process prints results to stdout and what is wrong to stderr, with the exit code of each', async () => {
    const help = await eventferryProcess(['run', '--help'], {});
    expect(help).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(help.stdout).toContain('Exit codes:\n  0  done');
    const refused = await eventferryProcess(['run'], {});
    expect(refused).toMatchObject({ code: 2, signal: null, stdout: '' });
    expect(refused.stderr).toMatch(/^Error: \d+ settings are missing or wrong:\n/);
  });

  test('The eventferry process ends without an error when the reader of its output has gone', async () => {
    const child = spawn(process.execPath, [main, 'run', '--help'], { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.stdout.destroy();
    const [code] = (await until('the end of the process', once(child, 'exit'))) as [number | null];
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
