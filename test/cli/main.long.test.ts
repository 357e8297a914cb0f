import { describe, expect, test } from 'vitest';

import { azuriteConnectionString } from '../support/services/azurite.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';
import { eventually, until } from '../support/waits.js';
import { password, startProcess } from './commandLine.js';
import { doorbell } from './doorbell.js';

const server = sharedEmbeddedServer();
const first = '00000000-2013-10-15-080000.dat';

/** A ferry whose server wants a password, so that tests see it stay secret. */
async function openFerry(): Promise<Ferry> {
  const secret = server().connectionString.replace('://', `://admin:${password}@`);
  return Ferry.open(server(), { EVENTSTORE_CONNECTION_STRING: secret });
}

describe('The process of eventferry', () => {
  test('The eventferry process ends on SIGTERM too, also while there is nothing to replicate', async () => {
    const ferry = await openFerry();
    const running = startProcess(['run', '--follow'], ferry.environment());
    await eventually('the run to be caught up', async () => expect((await ferry.row())?.run?.caughtUpAt).toBeDefined());
    running.kill('SIGTERM');
    expect(await until('the end of the process', running.ended)).toMatchObject({
      code: 0,
      stdout: 'Stopped on request after 0 events.\n',
    });
  });

  test('The eventferry process ends at once when Ctrl-C is pressed again', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 2));
    await ferry.run();
    const silent = await doorbell('silent');
    const source = azuriteConnectionString().replace(/(BlobEndpoint=http:..127.0.0.1):\d+/, `$1:${silent.port}`);
    const running = startProcess(['verify'], ferry.environment({ SOURCE_STORAGE: source }));
    let ended = false;
    void running.ended.finally(() => (ended = true));
    await eventually('a request to the source', () => expect(silent.rung).toBeGreaterThan(0));
    running.kill('SIGINT');
    await eventually('the process to stop', () => expect(running.stderr()).toContain('Stopping: '));
    await eventually('the end of the process', () => {
      running.kill('SIGINT');
      expect(ended).toBe(true);
    });
    expect(await running.ended).toMatchObject({ code: 130, signal: null });
  });
});
