import { describe, expect, test } from 'vitest';
import type { FailureKind } from '../../src/core/failure.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies, tapeBytes, type WrittenRecord } from '../support/ferry.js';
import { FakeClock } from '../support/fakeClock.js';

const server = sharedEmbeddedServer();
const first = '00000001-2013-10-15-093000.dat';
const second = '00000011-2013-10-15-103000.dat';
const live = new AbortController().signal;

async function open(settings: Record<string, string> = {}): Promise<Ferry> {
  return Ferry.open(server(), settings);
}

/** A run must stop for a person, append nothing, and stop again in the next run. */
async function expectStop(ferry: Ferry, kind: FailureKind, facts: Record<string, unknown> = {}): Promise<void> {
  const before = ferry.bodies();
  for (const attempt of [1, 2]) {
    await expect(ferry.run(), `attempt ${attempt}`).rejects.toMatchObject({ kind, policy: 'stop', facts });
  }
  expect(ferry.bodies()).toEqual(before);
}

/** A run that goes on while `write` happens at its first idle poll; ends when it has been idle some more. */
async function follow(ferry: Ferry, write: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  let idle = 0;
  const clock = FakeClock.flowing(async () => {
    idle += 1;
    if (idle === 2) await write();
    if (idle > 6) stop.abort();
  });
  const replicator = ferry.replicator({ IDLE_POLL_MS: '5000', LIST_ALL_SECONDS: '10' }, clock);
  await replicator.run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'fail' });
}

async function acceptChunk(ferry: Ferry, chunk: string): Promise<void> {
  const way = await ferry.replicator().decide({ kind: 'chunk', chunk }, live);
  expect(way.says).toContain(chunk);
  await way.apply();
}

describe('a container', () => {
  test('A container that does not exist is an outage that names container and account, and no secret', async () => {
    const ferry = await open();
    const failure = await ferry.run({ SOURCE_CONTAINER: 'no-such-container' }).catch((error: Error) => error);
    expect(failure).toMatchObject({ kind: 'SourceUnreachable', policy: 'wait' });
    expect(failure instanceof Error ? failure.message : '').toContain('no-such-container');
    expect(failure instanceof Error ? failure.message : '').toContain('devstoreaccount1');
    expect(JSON.stringify([failure, ferry.logger.lines])).not.toContain('Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6');
  });
});

describe('garbage in the middle of a chunk', () => {
  test('Garbage in the middle of a chunk stops replication at its offset, with everything before it replicated', async () => {
    const ferry = await open();
    const bytes = tapeBytes(numbered(1, 10));
    const frameBytes = bytes.length / 10;
    await ferry.write(
      first,
      Buffer.concat([tapeBytes(numbered(1, 4)), Buffer.alloc(64, 0x5a), tapeBytes(numbered(5, 9))]),
    );
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'SourceCorrupt' });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 4));
    await expectStop(ferry, 'SourceCorrupt', { chunk: first, offset: 4 * Math.floor(frameBytes) });
  });

  test('Garbage in the middle of a chunk is passed over by ON_DAMAGE=salvage, and hides the rest of the chunk under skip', async () => {
    const bytes = Buffer.concat([tapeBytes(numbered(1, 4)), Buffer.alloc(64, 0x5a), tapeBytes(numbered(5, 9))]);
    const salvaged = await open({ ON_DAMAGE: 'salvage' });
    await salvaged.write(first, bytes);
    await salvaged.run();
    expect(salvaged.bodies()).toEqual(numberedBodies(1, 9));
    const skipped = await open({ ON_DAMAGE: 'skip' });
    await skipped.write(first, bytes);
    await skipped.write(second, numbered(10, 11));
    await skipped.run();
    expect(skipped.bodies()).toEqual([...numberedBodies(1, 4), ...numberedBodies(10, 11)]);
  });
});

describe('a chunk that is shortened', () => {
  test('A chunk that is shortened below the cursor, between runs, is SourceTruncated', async () => {
    const ferry = await open();
    await ferry.write(first, numbered(1, 9));
    await ferry.run();
    await ferry.write(first, numbered(1, 5));
    await expectStop(ferry, 'SourceTruncated');
  });

  test('A chunk that is shortened below the cursor, during a run, is SourceTruncated', async () => {
    const ferry = await open();
    await ferry.write(first, numbered(1, 9));
    await expect(follow(ferry, () => ferry.write(first, numbered(1, 5)))).rejects.toMatchObject({
      kind: 'SourceTruncated',
    });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 9));
  });

  test('A chunk that is shortened above the cursor, as the original reader does on load, is no finding', async () => {
    const ferry = await open();
    const frames = tapeBytes(numbered(1, 9));
    await ferry.write(first, Buffer.concat([frames, Buffer.alloc(4096)]));
    await ferry.run();
    await follow(ferry, () => ferry.write(first, Buffer.concat([frames, Buffer.alloc(100)])));
    await ferry.write('00000010-2013-10-15-103000.dat', numbered(10, 12));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
  });
});

test('A frame that is replaced under the cursor while the run goes on is SourceReplaced', async () => {
  const ferry = await open();
  await ferry.write(first, numbered(1, 9));
  const others = numbered(1, 9).map((record) => ({ ...record, key: 'customer-2' }));
  const replaced = follow(ferry, () => ferry.write(first, [...others, ...numbered(1, 3)]));
  await expect(replaced).rejects.toMatchObject({ kind: 'SourceReplaced' });
  expect(ferry.bodies()).toEqual(numberedBodies(1, 9));
});

describe('a chunk that appears before the cursor', () => {
  test('A chunk that appears before the cursor is SourceReordered, and accept reads it next', async () => {
    const ferry = await open();
    await ferry.write(first, numbered(1, 10));
    await ferry.write(second, numbered(11, 12));
    await ferry.run();
    const early = '00000005-2013-10-15-095000.dat';
    await ferry.write(early, numbered(101, 103));
    await expectStop(ferry, 'SourceReordered', { chunk: early });
    await acceptChunk(ferry, early);
    await ferry.run();
    await ferry.write('00000016-2013-10-15-113000.dat', numbered(16, 17));
    await ferry.run();
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 12), ...numberedBodies(101, 103), ...numberedBodies(16, 17)]);
    expect(ferry.events().map(({ metadata }) => /"position":(\d+)/.exec(metadata.toString())?.[1])).toEqual(
      ferry.events().map((_, index) => String(index + 1)),
    );
  });

  test('A chunk that appeared before the cursor and was accepted is not read twice when the checkpoint is lost midway', async () => {
    const ferry = await open();
    await ferry.write(first, numbered(1, 10));
    await ferry.write(second, numbered(11, 12));
    await ferry.run();
    await ferry.write('00000005-2013-10-15-095000.dat', numbered(101, 103));
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'SourceReordered' });
    await acceptChunk(ferry, '00000005-2013-10-15-095000.dat');
    await ferry.run();
    await server().truncateTo(ferry.stream, 12); // one of the three accepted records has arrived
    await ferry.write(second, numbered(11, 14));
    await ferry.run({ CHECKPOINT_TABLE: `${ferry.table}other` });
    expect(ferry.bodies()).toEqual([...numberedBodies(1, 12), ...numberedBodies(101, 103), ...numberedBodies(13, 14)]);
  });
});

test('A chunk that grows after it was left is SourceForked, and accept reads what was added', async () => {
  const ferry = await open();
  await ferry.write(first, numbered(1, 10));
  await ferry.write(second, numbered(11, 12));
  await ferry.run();
  await ferry.write(first, [...numbered(1, 10), ...numbered(201, 202)]);
  await expectStop(ferry, 'SourceForked', { chunk: first });
  await acceptChunk(ferry, first);
  await ferry.run();
  await ferry.write(second, numbered(11, 13));
  await ferry.run();
  expect(ferry.bodies()).toEqual([...numberedBodies(1, 12), ...numberedBodies(201, 202), ...numberedBodies(13, 13)]);
});

test('A prefix that skips ahead is SourceGap, and accept goes on without what is missing', async () => {
  const ferry = await open();
  await ferry.write(first, numbered(1, 10));
  const ahead = '00000020-2013-10-15-103000.dat';
  await ferry.write(ahead, numbered(20, 21));
  await expect(ferry.run()).rejects.toMatchObject({ kind: 'SourceGap', policy: 'stop' });
  expect(ferry.bodies()).toEqual(numberedBodies(1, 10));
  await expectStop(ferry, 'SourceGap', { chunk: ahead });
  await acceptChunk(ferry, ahead);
  await ferry.run();
  expect(ferry.bodies()).toEqual([...numberedBodies(1, 10), ...numberedBodies(20, 21)]);
});

describe('a message that cannot become an event stops, with everything before it replicated', () => {
  test('A message over the server’s limit stops replication with everything before it replicated, and position, index, type, size and limit are named', async () => {
    const ferry = await open();
    const large: WrittenRecord = {
      messages: [
        ['Small', '1'],
        ['Large', 'x'.repeat(1_100_000)],
      ],
    };
    await ferry.write(first, [...numbered(1, 3), large, ...numbered(5, 6)]);
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'EventTooLarge' });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
    await expectStop(ferry, 'EventTooLarge', { position: 4, index: 1, type: 'Large', limit: 1_048_576 });
  });

  test.each([
    ['starts with $', '$ce-sample'],
    ['is empty', 'Sample/'],
  ])('A message stops replication, with everything before it replicated, because its type %s', async (_, contract) => {
    const ferry = await open({ STRIP_NAMESPACES: 'Sample' });
    await ferry.write(first, [...numbered(1, 3), { messages: [[contract, '1']] }, ...numbered(5, 6)]);
    await expect(ferry.run()).rejects.toMatchObject({ kind: 'Unconvertible' });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
    await expectStop(ferry, 'Unconvertible', { position: 4, index: 0 });
  });
});
