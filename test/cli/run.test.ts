import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test, onTestFinished, vi } from 'vitest';

import { azuriteConnectionString } from '../support/azurite.js';
import { sharedEmbeddedServer } from '../support/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { eventferry, password, start } from './commandLine.js';

const server = sharedEmbeddedServer();
const first = '00000000-2013-10-15-080000.dat';
const second = '00000003-2013-10-15-090000.dat';

/** A ferry whose server wants a password, so that tests see it stay secret. */
async function openFerry(): Promise<Ferry> {
  const secret = server().connectionString.replace('://', `://admin:${password}@`);
  return Ferry.open(server(), { EVENTSTORE_CONNECTION_STRING: secret, OUTAGE_WAIT_SECONDS: '1' });
}

/** Something that listens and counts who comes; it sends them away, or says nothing. */
async function doorbell(how: 'closed' | 'silent' = 'closed'): Promise<{ readonly port: number; rung: number }> {
  const bell = { port: 0, rung: 0 };
  const listener = createServer((socket) => {
    bell.rung += 1;
    if (how === 'closed') socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  bell.port = (listener.address() as AddressInfo).port;
  onTestFinished(() => void listener.close());
  return bell;
}

describe('eventferry run', () => {
  test('replicates until caught up, says what it did and ends by itself', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 3));

    expect(await eventferry(['run'], ferry.environment())).toEqual({
      code: 0,
      signal: null,
      stdout: `Replicated 3 events: position 3, revision 2 of stream ${ferry.stream}. Caught up.\n`,
      stderr: '',
    });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });

  test('goes on where it ended, and says so when there is nothing new', async () => {
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

  test('says when there is nothing to replicate', async () => {
    const ferry = await openFerry();
    const ended = await eventferry(['run'], ferry.environment());
    expect(ended).toMatchObject({
      code: 0,
      stdout: `Nothing to replicate: container ${ferry.container.containerName} holds no record yet.\n`,
    });
    expect(server().streams()).not.toContain(ferry.stream);
  });

  test('takes its settings from flags before the environment', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 1));
    const args = ['run', '--target-stream', `${ferry.stream}-by-flag`, '--checkpoint-table', ferry.table];
    expect(await eventferry(args, ferry.environment({ CHECKPOINT_TABLE: '!' }))).toMatchObject({ code: 0 });
    expect(server().events(`${ferry.stream}-by-flag`)).toHaveLength(1);
  });

  test('does no harm beside another one, and both end caught up', async () => {
    const ferry = await openFerry();
    const records = 3000;
    await ferry.write(first, numbered(1, records));
    const runs = [1, 2].map(() => eventferry(['run', '--json'], ferry.environment({ READ_RECORDS: '100' })));
    for (const { code, stdout } of await Promise.all(runs)) {
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ end: 'caught-up', position: records, revision: records - 1 });
    }
    expect(ferry.bodies()).toEqual(numberedBodies(1, records));
  });
});

describe('eventferry run --follow', () => {
  test('waits for what comes, until Ctrl-C ends it cleanly', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 2));
    const running = start(['run', '--follow'], ferry.environment());
    await vi.waitFor(() => expect(ferry.bodies()).toEqual(numberedBodies(1, 2)), { timeout: 20_000 });
    await ferry.write(second, numbered(3, 4));
    await vi.waitFor(() => expect(ferry.bodies()).toEqual(numberedBodies(1, 4)), { timeout: 20_000 });
    running.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `Stopped on request after 4 events: position 4, revision 3 of stream ${ferry.stream}.\n`,
    });
    expect(stderr).toContain('Stopping: ');
    expect(await ferry.row()).toMatchObject({ confirmed: { revision: 3 } });
  });

  test('ends on SIGTERM too, also while there is nothing to replicate', async () => {
    const ferry = await openFerry();
    const running = start(['run', '--follow'], ferry.environment());
    await vi.waitFor(async () => expect((await ferry.row())?.run?.caughtUpAt).toBeDefined(), { timeout: 20_000 });
    running.kill('SIGTERM');
    expect(await running.ended).toMatchObject({ code: 0, stdout: 'Stopped on request after 0 events.\n' });
  });

  test('outlasts an outage, and tells of its begin and its end', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 2));
    server().faults.refuse = true;
    const running = start(['run', '--follow'], ferry.environment());
    await vi.waitFor(() => expect(running.stderr()).toContain('outage-began'), { timeout: 20_000 });
    server().faults.clear();
    await vi.waitFor(() => expect(running.stderr()).toContain('outage-ended'), { timeout: 20_000 });
    running.kill('SIGINT');
    expect(await running.ended).toMatchObject({ code: 0 });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 2));
  });

  test('cuts off what does not answer some seconds after Ctrl-C', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 2));
    let writes = 0;
    server().faults.onWrite = () => {
      writes += 1;
      return 'loseAnswer';
    };
    const running = start(['run', '--follow'], ferry.environment());
    await vi.waitFor(() => expect(writes).toBe(1), { timeout: 20_000 });
    running.kill('SIGINT');
    expect(await running.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Stopped on request') as string,
    });
  });

  test('is not kept by a request of its start that the checkpoint never answers', async () => {
    const ferry = await openFerry();
    const silent = await doorbell('silent');
    const storage = azuriteConnectionString().replace(/(TableEndpoint=http:..127.0.0.1):\d+/, `$1:${silent.port}`);
    const running = start(['run', '--follow'], ferry.environment({ CHECKPOINT_STORAGE: storage }));
    await vi.waitFor(() => expect(silent.rung).toBeGreaterThan(0), { timeout: 20_000 });
    let ended: unknown;
    void running.ended.then((how) => (ended = how));
    running.kill('SIGINT');
    // The request itself would be given up after 10 s.
    await vi.waitFor(() => expect(ended).toMatchObject({ code: 0 }), { timeout: 8_000 });
  });

  test('ends at once when Ctrl-C is pressed again', async () => {
    const ferry = await openFerry();
    await ferry.write(first, numbered(1, 2));
    let writes = 0;
    server().faults.onWrite = () => {
      writes += 1;
      return 'loseAnswer';
    };
    const running = start(['run', '--follow'], ferry.environment());
    await vi.waitFor(() => expect(writes).toBe(1), { timeout: 20_000 });
    const again = setInterval(() => running.kill('SIGINT'), 400);
    onTestFinished(() => clearInterval(again));
    expect(await running.ended).toMatchObject({ code: 130 });
  });
});

describe('eventferry run, when something is wrong', () => {
  test('lists every wrong setting at once, with what was expected, and contacts nothing', async () => {
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
    [['run', '--limit', '3'], '--limit goes with --dry-run.'],
    [['run', '--dry-run', '--limit', '0'], '--limit takes a whole number from 1 on, not "0".'],
    [['run', '--nonsense'], "unknown option '--nonsense'"],
    [['accept', '--yes'], 'Say one of: settings, --revision N, --chunk NAME.'],
  ])('refuses %j', async (args, message) => {
    const { code, stdout, stderr } = await eventferry(args, {});
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`Error: ${message}`);
    expect(stderr).toContain('Next: ');
  });

  test('fails at once when the container is not there, naming it', async () => {
    const ferry = await openFerry();
    const { code, stderr } = await eventferry(['run'], ferry.environment({ SOURCE_CONTAINER: 'not-there' }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: .*not-there/m);
    expect(stderr).toMatch(/^Next: Check that the container exists/m);
  });

  test('fails at once when the server is not there', async () => {
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

  test('stops for a person behind a foreign event, says what it found and the way out, and appends nothing', async () => {
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

  test('is wrong usage with a port for the status page that is taken', async () => {
    const ferry = await openFerry();
    const { port } = await doorbell();
    const { code, stderr } = await eventferry(['run', '--dashboard', String(port)], ferry.environment());
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`^Error: The status page cannot be served at port ${port}: .*EADDRINUSE.*\nNext: `),
    );
    expect(ferry.events()).toEqual([]);
  });

  test('shows where in the code it came from only when asked to say more', async () => {
    const ferry = await openFerry();
    const { stderr } = await eventferry(['run', '--verbose'], ferry.environment({ SOURCE_CONTAINER: 'not-there' }));
    expect(stderr).toMatch(/^ {4}at /m);
  });
});

describe('eventferry --help', () => {
  test.each([[['--help']], [['run', '--help']], [['help']], [['help', 'run']]])(
    'documents the exit codes: %j',
    async (args) => {
      const { code, stdout } = await eventferry(args, {});
      expect(code).toBe(0);
      expect(stdout).toContain('Exit codes:\n  0  done');
      expect(stdout).toContain('3  stopped: a person must decide');
      expect(stdout).toContain('130  interrupted');
    },
  );

  test('is shown to whoever names no command too, which is wrong usage', async () => {
    const { code, stderr } = await eventferry([], {});
    expect(code).toBe(2);
    expect(stderr).toContain('Exit codes:');
  });
});
