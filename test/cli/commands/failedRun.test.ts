import { describe, expect, test } from 'vitest';

import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { numbered } from '../../support/ferry.js';
import { eventferry, password } from '../commandLine.js';
import { doorbell } from '../doorbell.js';
import { ferryWithPassword } from '../ferryWithPassword.js';

const server = sharedEmbeddedServer();
const first = '00000000-2013-10-15-080000.dat';

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
    const ferry = await ferryWithPassword(server());
    const { code, stderr } = await eventferry(['run'], ferry.environment({ SOURCE_CONTAINER: 'not-there' }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: .*not-there/m);
    expect(stderr).toMatch(/^Next: Check that the container exists/m);
  });

  test('eventferry run fails at once when the server cannot be reached', async () => {
    const ferry = await ferryWithPassword(server());
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
    const ferry = await ferryWithPassword(server());
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

  test('eventferry run shows of the type of a foreign event only its beginning, and nothing that controls the terminal', async () => {
    const ferry = await ferryWithPassword(server());
    await ferry.write(first, numbered(1, 2));
    const type = `Evil\u001b[2J\u009b2J${'x'.repeat(32_000)}`;
    await ferry
      .client()
      .appendToStream(ferry.stream, [
        { id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301', type, data: {}, metadata: {}, contentType: 'application/json' },
      ]);
    for (const args of [['run'], ['run', '--json'], ['accept', '--revision', '0', '--yes']]) {
      const { stdout, stderr } = await eventferry(args, ferry.environment());
      // eslint-disable-next-line no-control-regex
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      expect(stdout + stderr).toContain('Evil\\u001b[2J\\u009b2Jxxx');
      expect(stdout.length + stderr.length).toBeLessThan(5_000);
    }
  });

  test('eventferry run with a port for the status page that is taken is wrong usage', async () => {
    const ferry = await ferryWithPassword(server());
    const { port } = await doorbell();
    const { code, stderr } = await eventferry(['run', '--dashboard', String(port)], ferry.environment());
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`^Error: The status page cannot be served at port ${port}: .*EADDRINUSE.*\nNext: `),
    );
    expect(ferry.events()).toEqual([]);
  });

  test('eventferry run shows the stack of an error only when asked to say more', async () => {
    const ferry = await ferryWithPassword(server());
    const { stderr } = await eventferry(['run', '--verbose'], ferry.environment({ SOURCE_CONTAINER: 'not-there' }));
    expect(stderr).toMatch(/^ {4}at /m);
  });
});
