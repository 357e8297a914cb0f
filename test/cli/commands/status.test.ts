import { describe, expect, test } from 'vitest';

import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { FakeClock } from '../../support/fakeClock.js';
import { Ferry, numbered } from '../../support/ferry.js';
import { until } from '../../support/waits.js';
import { eventferry, password, start } from '../commandLine.js';

const server = sharedEmbeddedServer();
const chunk = '00000000-2013-10-15-080000.dat';

async function openFerry(): Promise<Ferry> {
  const ferry = await Ferry.open(server(), { OUTAGE_WAIT_SECONDS: '1' });
  await ferry.write(chunk, numbered(1, 3));
  return ferry;
}

describe('eventferry status', () => {
  test('eventferry status ends with 1 before anything has run', async () => {
    const ferry = await openFerry();
    const { code, stdout } = await eventferry(['status'], ferry.environment());
    expect(code).toBe(1);
    expect(stdout).toContain('Nothing has run yet.');
    expect(await ferry.row()).toBeUndefined();
  });

  test('eventferry status is healthy when everything is replicated', async () => {
    const ferry = await openFerry();
    await eventferry(['run'], ferry.environment());
    const { code, stdout, stderr } = await eventferry(['status'], ferry.environment());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows.slice(0, 5)).toEqual([
      ['State', 'healthy'],
      [
        'Source',
        expect.stringMatching(
          new RegExp(`^${ferry.container.containerName}, ends in ${chunk} at byte \\d+; 1 chunk, \\d+ bytes$`),
        ),
      ],
      ['Target', `stream ${ferry.stream}, revision 2, position 3`],
      ['Checkpoint', expect.stringMatching(/^position 3, revision 2 confirmed, reads on in .* at byte \d+$/)],
      ['Lag', 'none'],
    ]);
  });

  test('eventferry status without a terminal prints no colour and no control character', async () => {
    const ferry = await openFerry();
    const { stdout } = await eventferry(['status'], ferry.environment());
    expect(stdout).not.toContain('\u001b');
  });

  test('eventferry status --watch prints plain blocks again and again without a terminal, until Ctrl-C', async () => {
    const ferry = await openFerry();
    let looks = 0;
    const clock = FakeClock.flowing(async (_, ms) => {
      if (ms !== 7_000) return;
      looks += 1;
      if (looks === 1) await eventferry(['run'], ferry.environment());
      else watching.interrupt();
    });
    const watching = start(['status', '--watch', '7'], ferry.environment(), clock);
    const { code, stdout } = await until('the end of the watch', watching.ended);
    expect(code).toBe(0);
    expect(looks).toBe(2);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.split('\n\n')).toEqual([
      expect.stringContaining('Nothing has run yet.'),
      expect.stringMatching(/\nState +healthy\n/),
    ]);
    for (const block of stdout.split('\n\n')) expect(block).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z\nState /);
  });

  test('eventferry status --watch --json prints a line of JSON each time', async () => {
    const ferry = await openFerry();
    let looks = 0;
    const clock = FakeClock.flowing((_, ms) => {
      if (ms === 7_000 && (looks += 1) === 2) watching.interrupt();
    });
    const watching = start(['status', '--watch', '7', '--json'], ferry.environment(), clock);
    const { stdout } = await until('the end of the watch', watching.ended);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ healthy: false });
  });

  test('eventferry status --watch refuses an interval of zero seconds', async () => {
    const ferry = await openFerry();
    expect(await eventferry(['status', '--watch', '0'], ferry.environment())).toMatchObject({ code: 2 });
  });

  test('eventferry status is still healthy long after a run that ended as it was told to', async () => {
    const ferry = await openFerry();
    await eventferry(['run'], ferry.environment());
    const past = '2020-01-01T00:00:00.000Z';
    const times = { startedAt: past, endedAt: past, refreshedAt: past, movedAt: past, caughtUpAt: past };
    await ferry.changeRow((row) => ({ ...row, ...(row.run && { run: { ...row.run, ...times } }) }));
    const well = await eventferry(['status'], ferry.environment());
    expect(well).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/: caught-up; no other is due$/m) as string,
    });
    await ferry.write(chunk, numbered(1, 5));
    const behind = await eventferry(['status'], ferry.environment());
    expect(behind.code).toBe(1);
    expect(behind.stdout).toMatch(/as requested, and 2 events are not replicated yet\. Start another run/);
  });

  test('eventferry status --json says the same as JSON', async () => {
    const ferry = await openFerry();
    await eventferry(['run'], ferry.environment());
    const { stdout } = await eventferry(['status', '--json'], ferry.environment());
    expect(JSON.parse(stdout)).toMatchObject({
      healthy: true,
      problems: [],
      target: { stream: ferry.stream, state: 'event', revision: 2, position: 3 },
      checkpoint: { confirmedPosition: 3, confirmedRevision: 2, chunk, generation: 0 },
      lag: { bytes: 0, events: 0 },
    });
  });

  test('eventferry status says what is wrong and the remedy when a person must decide', async () => {
    const ferry = await openFerry();
    await ferry.write(chunk, [...numbered(1, 2), { messages: [['$forbidden', '{}'] as const] }]);
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'Unconvertible' });
    const { code, stdout } = await eventferry(['status'], ferry.environment());
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Problem +Stopped since .*\$forbidden.*eventferry inspect --position N/m);
    expect(stdout).toMatch(/^Stop +Unconvertible, since /m);
  });

  test('eventferry status refuses a connection string that names a missing file, in words and as JSON', async () => {
    const ferry = await openFerry();
    const unusable = { EVENTSTORE_CONNECTION_STRING: `esdb://admin:${password}@h:2113?tlsCAFile=/not-there.crt` };
    const { code, stdout, stderr } = await eventferry(['status', '--json'], ferry.environment(unusable));
    const message =
      'EVENTSTORE_CONNECTION_STRING cannot be used: tlsCAFile names a file that does not exist: /not-there.crt.';
    expect({ code, stderr }).toEqual({ code: 2, stderr: `Error: ${message}\nNext: Correct the settings named.\n` });
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'SettingsInvalid', message } });
  });

  test('eventferry status shows what it can see when the server cannot be reached', async () => {
    const ferry = await openFerry();
    await ferry.run();
    const nobody = { EVENTSTORE_CONNECTION_STRING: `esdb://admin:${password}@127.0.0.1:1?tls=false` };
    const { code, stdout } = await eventferry(['status'], ferry.environment(nobody));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Problem .*Check that the server runs/m);
    expect(stdout).toMatch(/^Checkpoint +position 3, revision 2 confirmed/m);
  });
});
