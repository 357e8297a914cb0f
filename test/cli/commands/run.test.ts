import { describe, expect, test } from 'vitest';

import { systemClock } from '../../../src/core/clock.js';
import { azuriteConnectionString } from '../../support/services/azurite.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { FakeClock } from '../../support/fakeClock.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { eventually, until } from '../../support/waits.js';
import { eventferry, password, start } from '../commandLine.js';
import { doorbell } from '../doorbell.js';

const server = sharedEmbeddedServer();
const first = '00000000-2013-10-15-080000.dat';
const second = '00000003-2013-10-15-090000.dat';

/** A ferry whose server wants a password, so that tests see it stay secret. */
async function openFerry(): Promise<Ferry> {
  const secret = server().connectionString.replace('://', `://admin:${password}@`);
  return Ferry.open(server(), { EVENTSTORE_CONNECTION_STRING: secret, OUTAGE_WAIT_SECONDS: '1' });
}

describe('eventferry run', () => {
  test('eventferry run replicates until caught up, says what it did and ends by itself', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 3));

    expect(await eventferry(['run'], ferry.environment())).toEqual({
      code: 0,
      stdout: `Replicated 3 events: position 3, revision 2 of stream ${ferry.stream}. Caught up.\n`,
      stderr: '',
    });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });

  test('eventferry run continues where the last run ended, and says so when there is nothing new', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 3));
    await ferry.run();
    const again = await eventferry(['run'], ferry.environment());
    expect(again).toMatchObject({
      code: 0,
      stdout: `Nothing new: position 3, revision 2 of stream ${ferry.stream}.\n`,
    });

    await ferry.write(second, numbered(4, 5));
    const more = await eventferry(['run', '--json'], ferry.environment());
    expect(JSON.parse(more.stdout)).toEqual({
      end: 'caught-up',
      events: 2,
      position: 5,
      revision: 4,
      stream: ferry.stream,
      source: ferry.container.containerName,
      anotherRunner: false,
    });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 5));
  });

  test('eventferry run says when there is nothing to replicate', async () => {
    const ferry = await openFerry();
    const ended = await eventferry(['run'], ferry.environment());
    expect(ended).toMatchObject({
      code: 0,
      stdout: `Nothing to replicate: container ${ferry.container.containerName} holds no record yet.\n`,
    });
    expect(server().streams()).not.toContain(ferry.stream);
  });

  test('eventferry run takes its settings from flags before the environment', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 1));
    const args = ['run', '--target-stream', `${ferry.stream}-by-flag`, '--checkpoint-table', ferry.table];
    expect(await eventferry(args, ferry.environment({ CHECKPOINT_TABLE: '!' }))).toMatchObject({ code: 0 });
    expect(server().events(`${ferry.stream}-by-flag`)).toHaveLength(1);
  });

  test('eventferry run does no harm beside another run, and both end caught up', async () => {
    const ferry = await openFerry();
    const records = 3000;
    await ferry.write(first, numbered(1, records));
    // While one works the other waits for it, which must take time.
    const runs = [1, 2].map(() =>
      eventferry(['run', '--json'], ferry.environment({ READ_RECORDS: '100' }), systemClock),
    );
    for (const { code, stdout } of await Promise.all(runs)) {
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ end: 'caught-up', position: records, revision: records - 1 });
    }
    expect(ferry.bodies()).toEqual(numberedBodies(1, records));
  });
});

describe('eventferry run --follow', () => {
  test('eventferry run --follow outlasts an outage, and reports its begin and its end', async () => {
    const ferry = await openFerry();
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
    const ferry = await openFerry();
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
  const ferry = await openFerry();
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

describe('eventferry run, when something is wrong', () => {
  test('eventferry run lists every wrong setting at once, with what was expected, and contacts nothing', async () => {
    const bell = await doorbell();
    const { code, stdout, stderr } = await eventferry(['run'], {
      AzureWebJobsStorage: `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:${bell.port}/a;TableEndpoint=http://127.0.0.1:${bell.port}/a`,
      EVENTSTORE_CONNECTION_STRING: `esdb://admin:${password}@127.0.0.1:${bell.port}?tls=false`,
      ON_DAMAGE: 'ignore',
      READ_RECORDS: 'many',
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      'Error: 3 settings are missing or wrong:',
      expect.stringMatching(/^ {2}SOURCE_CONTAINER \(--source-container\) expected a container name/),
      '  ON_DAMAGE (--on-damage) is "ignore"; expected stop, skip or salvage',
      '  READ_RECORDS (--read-records) is "many"; expected a whole number from 1 to 100000',
      'Next: Correct the settings named.',
      '',
    ]);
    expect(bell.rung).toBe(0);
  });

  test.each([
    [['run', '--limit', '3'], '--limit needs --dry-run.'],
    [['run', '--dry-run', '--limit', '0'], '--limit takes a whole number from 1 on, not "0".'],
    [['run', '--nonsense'], "unknown option '--nonsense'"],
    [['accept', '--yes'], 'Specify exactly one of: settings, --revision N, --chunk NAME.'],
  ])('eventferry run refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await eventferry(args, {});
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`Error: ${message}`);
    expect(stderr).toContain('Next: ');
  });

  test('eventferry run fails at once when the container is missing, and names it', async () => {
    const ferry = await openFerry();
    const { code, stderr } = await eventferry(['run'], ferry.environment({ SOURCE_CONTAINER: 'not-there' }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: .*not-there/m);
    expect(stderr).toMatch(/^Next: Check that the container exists/m);
  });

  test('eventferry run fails at once when the server cannot be reached', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 2));
    const nobody = `esdb://admin:${password}@127.0.0.1:1?tls=false`;
    const { code, stdout, stderr } = await eventferry(
      ['run', '--json'],
      ferry.environment({ EVENTSTORE_CONNECTION_STRING: nobody }),
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'TargetUnreachable' } });
    expect(stderr).toMatch(/^Next: Check that the server runs/m);
  });

  test('eventferry run stops for a person at a foreign event, names it and the remedy, and appends nothing', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 2));
    await ferry.client().appendToStream(ferry.stream, [
      {
        id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
        type: 'Foreign',
        data: {},
        metadata: {},
        contentType: 'application/json',
      },
    ]);
    const { code, stdout, stderr } = await eventferry(['run'], ferry.environment());
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^Stopped: Revision 0 of stream .* \(type Foreign,/m);
    expect(stderr).toMatch(/^ {2}kind: TargetConflict$/m);
    expect(stderr).toMatch(/^ {2}revision: 0$/m);
    expect(stderr).toMatch(/^Next: .*eventferry accept --revision N/m);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(ferry.events()).toHaveLength(1);
  });

  test('eventferry run with a port for the status page that is taken is wrong usage', async () => {
    const ferry = await openFerry();
    const { port } = await doorbell();
    const { code, stderr } = await eventferry(['run', '--dashboard', String(port)], ferry.environment());
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`^Error: The status page cannot be served at port ${port}: .*EADDRINUSE.*\nNext: `),
    );
    expect(ferry.events()).toEqual([]);
  });

  test('eventferry run shows the stack of an error only when asked to say more', async () => {
    const ferry = await openFerry();
    const { stderr } = await eventferry(['run', '--verbose'], ferry.environment({ SOURCE_CONTAINER: 'not-there' }));
    expect(stderr).toMatch(/^ {4}at /m);
  });
});

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
