import { describe, expect, test } from 'vitest';
import { parseMark } from '../../../src/convert/eventIdAndMark.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../../support/ferry.js';
import { chunk, decide, expectStop, fail } from './resumeFerry.js';

const server = sharedEmbeddedServer();

describe('when a run died before it saved how far it had come', () => {
  const next = '00000005-2013-10-15-093100.dat';

  /** Ten records in two chunks; the row knows only the first chunk's five. */
  async function ferryThatDied(): Promise<Ferry> {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 5));
    await ferry.run();
    const row = await ferry.row();
    await ferry.write(next, numbered(6, 10));
    await ferry.run();
    await ferry.changeRow(() => row ?? fail('there is no row'));
    return ferry;
  }

  test('After a run that died before it saved its progress, replication goes on behind the tail', async () => {
    const ferry = await ferryThatDied();
    await ferry.write(next, numbered(6, 12));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
  });

  test('A record before the tail that was replaced since the row was saved is SourceReplaced', async () => {
    const ferry = await ferryThatDied();
    const [six, seven, ...others] = numbered(6, 10);
    await ferry.write(next, [{ ...six }, { ...seven, key: 'customer-9' }, ...others]);
    await expectStop(ferry, 'SourceReplaced');
  });

  test('Events since the row was saved that are hidden by now are not missed', async () => {
    const ferry = await ferryThatDied();
    await ferry.client().setStreamMetadata(ferry.stream, { truncateBefore: 8 });
    await ferry.write(next, numbered(6, 12));
    await ferry.run();
    expect(ferry.bodies()).toEqual(numberedBodies(1, 12));
  });

  test('A chunk that a dead run had left and that goes on is SourceForked all the same', async () => {
    const ferry = await ferryThatDied();
    await ferry.run();
    await ferry.write(chunk, [...numbered(1, 5), ...numbered(99, 99)]);
    await expectStop(ferry, 'SourceForked');
  });

  test('When another runner had counted a record more before the same place, it is TargetConflict', async () => {
    const ferry = await ferryThatDied();
    await ferry.changeRow((row) => ({ ...row, cursor: { ...row.cursor, position: row.cursor.position + 1 } }));
    await expectStop(ferry, 'TargetConflict');
    await expect(ferry.run()).rejects.toThrow('1 more records were counted');
  });

  test('When another runner had counted fewer records up to the tail, what stands where the row stood is SourceForked', async () => {
    const ferry = await ferryThatDied();
    await ferry.changeRow((row) => ({ ...row, cursor: { ...row.cursor, position: 12 } }));
    await ferry.write(chunk, [...numbered(1, 5), ...numbered(99, 99)]);
    await expectStop(ferry, 'SourceForked');
  });

  test('When another runner had read on in a chunk that was left, it is TargetConflict', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 5));
    await ferry.write(next, numbered(6, 8));
    await ferry.run();
    const row = await ferry.row();
    await ferry.write(next, numbered(6, 10));
    await ferry.run();
    const [third, fourth] = ferry
      .events()
      .slice(2, 4)
      .map(({ metadata }) => parseMark(metadata));
    const [left] = row?.cursor.memory?.left ?? [];
    if (!row || !left || !third || !fourth) return fail('there is no row with a chunk left');
    const memory = { ...row.cursor.memory, left: [{ ...left, offset: fourth.offset }] };
    const confirmed = { revision: 2, mark: third };
    await ferry.changeRow(() => ({ ...row, confirmed, cursor: { ...row.cursor, memory } }));
    await expectStop(ferry, 'TargetConflict');
    await expect(ferry.run()).rejects.toThrow('which had been left before');
  });

  test.each([
    ['a frame', chunk, [...numbered(1, 5), ...numbered(99, 99)]],
    ['a chunk', '00000004-2013-10-15-093200.dat', numbered(99, 99)],
  ])(
    '%s that got before the tail since the row was saved is noticed, and accept --chunk reads it',
    async (_what, name, records) => {
      const ferry = await ferryThatDied();
      await ferry.write(name, records);
      await expectStop(ferry, 'SourceForked');
      await expectStop(ferry, 'SourceForked');
      await decide(ferry, { kind: 'chunk', chunk: name });
      await ferry.write(next, numbered(6, 12));
      await ferry.run();
      expect(ferry.bodies()).toEqual([...numberedBodies(1, 10), '{"N":99}', ...numberedBodies(11, 12)]);
    },
  );
});
