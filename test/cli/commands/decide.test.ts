import { describe, expect, test } from 'vitest';

import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { eventferry } from '../commandLine.js';

const server = sharedEmbeddedServer();
const chunk = '00000000-2013-10-15-080000.dat';
const next = '00000003-2013-10-15-090000.dat';

/** Two records replicated, and one more to come. */
async function openFerry(): Promise<Ferry> {
  const ferry = await Ferry.open(server(), { OUTAGE_WAIT_SECONDS: '1' });
  await ferry.write(chunk, numbered(1, 2));
  await ferry.run();
  await ferry.write(next, numbered(3, 3));
  return ferry;
}

describe('eventferry accept', () => {
  test('eventferry accept lets a run go on under changed settings', async () => {
    const ferry = await openFerry();
    const changed = ferry.environment({ BODY_MODE: 'raw' });
    const stopped = await eventferry(['run'], changed);
    expect(stopped).toMatchObject({ code: 3 });
    expect(stopped.stderr).toMatch(/^Stopped: .*BODY_MODE changed/m);

    const accepted = await eventferry(['accept', 'settings', '--yes'], changed);
    expect(accepted).toMatchObject({ code: 0, stderr: 'Done. The next run continues this way.\n' });
    expect(accepted.stdout).toContain('up to position 2 stay as they are');
    await ferry.run({ BODY_MODE: 'raw' });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });

  test('eventferry accept lets a run go on behind a foreign event', async () => {
    const ferry = await openFerry();
    await ferry.client().appendToStream(ferry.stream, [
      {
        id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
        type: 'Foreign',
        data: {},
        metadata: {},
        contentType: 'application/json',
      },
    ]);
    const accepted = await eventferry(['accept', '--revision', '2', '--yes', '--json'], ferry.environment());
    expect(accepted.code).toBe(0);
    expect(JSON.parse(accepted.stdout)).toEqual({
      decision: { kind: 'revision', revision: 2 },
      says: expect.stringContaining('(type Foreign)') as string,
      applied: true,
    });
    await ferry.run();
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 2), '{}', ...numberedBodies(3, 3)]);
  });

  test('eventferry accept lets a run read a chunk that appeared before the cursor', async () => {
    const ferry = await openFerry();
    await ferry.run();
    const late = '00000001-2013-10-15-083000.dat';
    await ferry.write(late, numbered(4, 4));
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'SourceReordered' });
    expect(await eventferry(['accept', '--chunk', late, '--yes'], ferry.environment())).toMatchObject({ code: 0 });
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 4));
  });

  test('eventferry accept says when there is nothing to accept', async () => {
    const ferry = await openFerry();
    const { code, stdout, stderr } = await eventferry(['accept', 'settings', '--yes'], ferry.environment());
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^Error: .*nothing to accept/m);
    expect(stderr).toMatch(/^Next: `eventferry status`/m);
  });

  test.each([[['accept', 'settings']], [['rewind']]])(
    'eventferry accept decides nothing when it cannot ask the user: %j',
    async (args) => {
      const { code, stderr } = await eventferry(args, {});
      expect(code).toBe(2);
      expect(stderr).toContain('Error: There is no terminal to ask on. Add --yes to confirm.');
    },
  );
});

describe('eventferry rewind', () => {
  test('eventferry rewind replicates a lost stream again from the beginning', async () => {
    const ferry = await openFerry();
    await server().truncateTo(ferry.stream, -1);
    const stopped = await eventferry(['run'], ferry.environment());
    expect(stopped).toMatchObject({ code: 3 });
    expect(stopped.stderr).toMatch(/^Next: .*eventferry rewind/m);

    expect(await eventferry(['rewind', '--yes'], ferry.environment())).toMatchObject({ code: 0 });
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
    expect(await ferry.row()).toMatchObject({ generation: 1 });
  });

  test('eventferry rewind is refused while the stream is there', async () => {
    const ferry = await openFerry();
    const { code, stderr } = await eventferry(['rewind', '--yes'], ferry.environment());
    expect(code).toBe(2);
    expect(stderr).toMatch(/^Error: .*is not lost/m);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 2));
  });

  test('eventferry rewind is refused for a soft-deleted stream', async () => {
    const ferry = await openFerry();
    await ferry.client().deleteStream(ferry.stream);
    const { code, stderr } = await eventferry(['rewind', '--yes'], ferry.environment());
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Stopped: .*soft-deleted/m);
  });
});
