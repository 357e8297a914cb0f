import { describe, expect, test } from 'vitest';

import { azuriteConnectionString } from '../../support/services/azurite.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { FakeClock } from '../../support/fakeClock.js';
import { numbered, numberedBodies } from '../../support/ferry.js';
import { eventually, until } from '../../support/waits.js';
import { start } from '../commandLine.js';
import { doorbell } from '../doorbell.js';
import { ferryWithPassword } from '../ferryWithPassword.js';

const server = sharedEmbeddedServer();
const first = '00000000-2013-10-15-080000.dat';
const second = '00000003-2013-10-15-090000.dat';

describe('eventferry run --follow', () => {
  test('eventferry run --follow outlasts an outage, and reports its begin and its end', async () => {
    const ferry = await ferryWithPassword(server());
    await ferry.write(first, numbered(1, 2));
    server().faults.refuse = true;
    const running = start(['run', '--follow'], ferry.environment());
    await eventually('the outage to begin', () => expect(running.stderr()).toContain('outage-began'));
    server().faults.clear();
    await eventually('the outage to end', () => expect(running.stderr()).toContain('outage-ended'));
    running.interrupt();
    expect(await until('the end of the run', running.ended)).toMatchObject({ code: 0 });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 2));
  });

  test('eventferry run --follow cuts off requests that are not answered some seconds after Ctrl-C', async () => {
    const { running, clock } = await hangingAppend();
    const askedAt = clock.elapsed();
    running.interrupt();
    clock.flow();
    expect(await until('the end of the run', running.ended)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Stopped on request') as string,
    });
    // The append itself would be given up after 16 s.
    expect(clock.elapsed() - askedAt).toBeGreaterThanOrEqual(3_000);
    expect(clock.elapsed() - askedAt).toBeLessThan(15_000);
  });

  test('eventferry run --follow ends although the checkpoint never answers a request of its start', async () => {
    const ferry = await ferryWithPassword(server());
    const silent = await doorbell('silent');
    const storage = azuriteConnectionString().replace(/(TableEndpoint=http:..127.0.0.1):\d+/, `$1:${silent.port}`);
    const clock = new FakeClock();
    const running = start(['run', '--follow'], ferry.environment({ CHECKPOINT_STORAGE: storage }), clock);
    await eventually('a request to the checkpoint', () => expect(silent.rung).toBeGreaterThan(0));
    const askedAt = clock.elapsed();
    running.interrupt();
    clock.flow();
    expect(await until('the end of the run', running.ended)).toMatchObject({ code: 0 });
    // The request itself would be given up after 10 s.
    expect(clock.elapsed() - askedAt).toBeLessThan(8_000);
  });

  test('eventferry run --follow ends at once at a second Ctrl-C, but not when a wrapper passes on the first', async () => {
    const { running, clock } = await hangingAppend();
    let ended = false;
    const ending = running.ended.finally(() => (ended = true));
    running.interrupt();
    clock.advance(200);
    running.interrupt();
    await clock.pass(200);
    expect(ended).toBe(false);
    running.interrupt();
    expect(await until('the end of the run', ending)).toMatchObject({ code: 130 });
  });
});

/** `eventferry run --follow` with an append that is never answered, and a clock that stands. */
async function hangingAppend() {
  const ferry = await ferryWithPassword(server());
  await ferry.write(first, numbered(1, 3));
  await ferry.run();
  await ferry.write(second, numbered(4, 5));
  let writes = 0;
  server().faults.onWrite = () => {
    writes += 1;
    return 'loseAnswer';
  };
  const clock = new FakeClock();
  const running = start(['run', '--follow'], ferry.environment(), clock);
  await eventually('the append', () => expect(writes).toBe(1));
  return { running, clock };
}
