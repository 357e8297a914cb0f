import { describe, expect, test } from 'vitest';

import { freshContainerName } from '../../support/services/azurite.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered } from '../../support/ferry.js';
import { eventferry } from '../commandLine.js';

const server = sharedEmbeddedServer();

/** Two messages that cannot become events, at positions 2 and 3. */
async function openFerry(): Promise<Ferry> {
  const ferry = await Ferry.open(server(), {
    ON_UNCONVERTIBLE: 'quarantine',
    QUARANTINE_CONTAINER: freshContainerName('quarantine'),
  });
  await ferry.write('00000000-2013-10-15-080000.dat', [
    ...numbered(1, 1),
    { key: 'customer-2', messages: [['Good', '1'] as const, ['$one', 'first\u001b[2J'] as const] },
    { messages: [['$two', Buffer.from([0, 1, 255])] as const] },
  ]);
  await ferry.run();
  expect(ferry.events()).toHaveLength(4);
  return ferry;
}

describe('eventferry quarantine', () => {
  test('eventferry quarantine lists the messages that were set aside', async () => {
    const ferry = await openFerry();
    const { code, stdout, stderr } = await eventferry(['quarantine', 'list'], ferry.environment());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [first, second, end] = stdout.split('\n');
    expect(first).toMatch(/^position 2 message 1, 9 bytes: .*its type "\$one" starts with \$\.$/);
    expect(second).toMatch(/^position 3 message 0, 3 bytes: /);
    expect(end).toMatch(/^2 messages in container quarantine-/);

    const listed = await eventferry(['quarantine', 'list', '--json'], ferry.environment({ ON_UNCONVERTIBLE: 'stop' }));
    const [one] = listed.stdout.split('\n').map((line) => (line === '' ? undefined : (JSON.parse(line) as unknown)));
    expect(one).toMatchObject({ position: 2, index: 1, bytes: 9, kind: 'Unconvertible' });
  });

  test('eventferry quarantine shows one message whole, and prints its bytes', async () => {
    const ferry = await openFerry();
    const shown = await eventferry(['quarantine', 'show', '2'], ferry.environment());
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^Position +2, message 2 of 2$/m);
    expect(shown.stdout).toMatch(/^Contract +\$one$/m);
    expect(shown.stdout).toMatch(/^Key +customer-2$/m);
    expect(shown.stdout).not.toContain('\u001b');

    const json = await eventferry(['quarantine', 'show', '3', '--json'], ferry.environment());
    expect(JSON.parse(json.stdout)).toMatchObject({
      position: 3,
      index: 0,
      contract: '$two',
      bytes: 3,
      base64: 'AAH/',
    });

    const body = await eventferry(['quarantine', 'show', '2', '--index', '1', '--body'], ferry.environment());
    expect(body.stdout).toBe('first\u001b[2J');
  });

  test('eventferry quarantine says when there is no message in quarantine', async () => {
    const ferry = await openFerry();
    const { code, stdout, stderr } = await eventferry(['quarantine', 'show', '1'], ferry.environment());
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^Error: Nothing of position 1 is in container /);
  });

  test('eventferry status mentions messages in quarantine', async () => {
    const ferry = await openFerry();
    const { stdout } = await eventferry(['status'], ferry.environment());
    expect(stdout).toMatch(/^Warning +2 messages are kept in container quarantine-\S+ in place of an event/m);
  });
});
