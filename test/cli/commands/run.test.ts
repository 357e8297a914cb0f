import { describe, expect, test } from 'vitest';

import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { numbered, numberedBodies } from '../../support/ferry.js';
import { eventferry } from '../commandLine.js';
import { ferryWithPassword } from '../ferryWithPassword.js';

const server = sharedEmbeddedServer();
const first = '00000000-2013-10-15-080000.dat';
const second = '00000003-2013-10-15-090000.dat';

describe('eventferry run', () => {
  test('eventferry run replicates until caught up, says what it did and ends by itself', async () => {
    const ferry = await ferryWithPassword(server());
    await ferry.write(first, numbered(1, 3));

    expect(await eventferry(['run'], ferry.environment())).toEqual({
      code: 0,
      stdout: `Replicated 3 events: position 3, revision 2 of stream ${ferry.stream}. Caught up.\n`,
      stderr: '',
    });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
  });

  test('eventferry run continues where the last run ended, and says so when there is nothing new', async () => {
    const ferry = await ferryWithPassword(server());
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
    const ferry = await ferryWithPassword(server());
    const ended = await eventferry(['run'], ferry.environment());
    expect(ended).toMatchObject({
      code: 0,
      stdout: `Nothing to replicate: container ${ferry.container.containerName} holds no record yet.\n`,
    });
    expect(server().streams()).not.toContain(ferry.stream);
  });

  test('eventferry run takes its settings from flags before the environment', async () => {
    const ferry = await ferryWithPassword(server());
    await ferry.write(first, numbered(1, 1));
    const args = ['run', '--target-stream', `${ferry.stream}-by-flag`, '--checkpoint-table', ferry.table];
    expect(await eventferry(args, ferry.environment({ CHECKPOINT_TABLE: '!' }))).toMatchObject({ code: 0 });
    expect(server().events(`${ferry.stream}-by-flag`)).toHaveLength(1);
  });
});
