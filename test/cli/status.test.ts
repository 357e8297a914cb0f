import { describe, expect, it } from 'vitest';

import { sharedEmbeddedServer } from '../support/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';
import { eventferry, password } from './commandLine.js';

const server = sharedEmbeddedServer();
const chunk = '00000000-2013-10-15-080000.dat';

async function openFerry(): Promise<Ferry> {
  const ferry = await Ferry.open(server(), { OUTAGE_WAIT_SECONDS: '1' });
  await ferry.write(chunk, numbered(1, 3));
  return ferry;
}

describe('eventferry status', () => {
  it('is not well before anything has run', async () => {
    const ferry = await openFerry();
    const { code, stdout } = await eventferry(['status'], ferry.environment());
    expect(code).toBe(1);
    expect(stdout).toContain('Nothing has run yet.');
    expect(await ferry.row()).toBeUndefined();
  });

  it('is healthy when all is replicated', async () => {
    const ferry = await openFerry();
    await eventferry(['run'], ferry.environment());
    const { code, stdout, stderr } = await eventferry(['status'], ferry.environment());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows.slice(0, 5)).toEqual([
      ['State', 'healthy'],
      [
        'Source',
        expect.stringMatching(new RegExp(`^${ferry.container.containerName}, ends in ${chunk} at byte \\d+$`)),
      ],
      ['Target', `stream ${ferry.stream}, revision 2, position 3`],
      ['Checkpoint', expect.stringMatching(/^position 3, revision 2 confirmed, reads on in .* at byte \d+$/)],
      ['Lag', 'none'],
    ]);
  });

  it('is the same as JSON', async () => {
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

  it('says what is wrong and the way out when a person must decide', async () => {
    const ferry = await openFerry();
    await ferry.write(chunk, [...numbered(1, 2), { messages: [['$forbidden', '{}'] as const] }]);
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'Unconvertible' });
    const { code, stdout } = await eventferry(['status'], ferry.environment());
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Problem +Stopped since .*\$forbidden.*eventferry inspect --position N/m);
    expect(stdout).toMatch(/^Stop +Unconvertible, since /m);
  });

  it('shows what it can see when the server is not there', async () => {
    const ferry = await openFerry();
    await ferry.run();
    const nobody = { EVENTSTORE_CONNECTION_STRING: `esdb://admin:${password}@127.0.0.1:1?tls=false` };
    const { code, stdout } = await eventferry(['status'], ferry.environment(nobody));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Problem .*Check that the server runs/m);
    expect(stdout).toMatch(/^Checkpoint +position 3, revision 2 confirmed/m);
  });
});
