import { describe, expect, test } from 'vitest';
import type { StoredRow } from '../../../src/checkpoint/checkpoint.js';
import type { RunNote } from '../../../src/checkpoint/row.js';
import { CheckpointKeeper } from '../../../src/checkpoint/keeper.js';
import type { Parts } from '../../../src/engine/parts.js';
import { status } from '../../../src/engine/report/status.js';
import { beginning } from '../../../src/core/cursor.js';
import type { ChunkMap, SourceLag } from '../../../src/source/source.js';
import { silentLogger } from '../../../src/core/logger.js';
import { noTelemetry } from '../../../src/telemetry/telemetry.js';
import { MemoryCheckpointStore } from '../../support/stores/memoryCheckpoint.js';
import { FakeClock } from '../../support/fakeClock.js';

const lag: SourceLag = { bytes: 0, events: 0, eventsExact: true, head: { chunk: 'a.dat', bytes: 100 } };
const chunkMap: ChunkMap = { chunks: 1, bytes: 100, readChunks: 0, readBytes: 0, around: [] };
const never = <T>(): Promise<T> => new Promise(() => undefined);

/** A row with a note of a run; times are minutes before now. */
function rowWith(minutesAgo: Record<string, number>): StoredRow {
  const now = new FakeClock().now();
  const times = Object.entries(minutesAgo).map(([name, ago]) => [name, new Date(now - ago * 60_000).toISOString()]);
  const run = { runner: 'r', ...Object.fromEntries(times) } as unknown as RunNote;
  return { row: { source: 's', stream: 't', cursor: beginning, generation: 0, settings: {}, run }, etag: '1' };
}

/** Just what a status asks of each part; each answers at once unless told otherwise. */
function parts({ tail = 'answers', head = 'answers', row = 'answers', bytesBehind = 0, run = {} } = {}): Parts {
  const clock = new FakeClock();
  const store = new MemoryCheckpointStore();
  if (Object.keys(run).length > 0) store.stored = rowWith(run);
  if (row === 'silent') store.load = never;
  const notAsked = (): never => {
    throw new Error('a status does not ask for this');
  };
  return {
    source: {
      read: notAsked,
      locate: notAsked,
      poll: notAsked,
      isEmpty: notAsked,
      chunkMap: () => Promise.resolve(chunkMap),
      accept: notAsked,
      lag: () => (head === 'silent' ? never() : Promise.resolve({ ...lag, bytes: bytesBehind })),
    },
    target: {
      tail: () => (tail === 'silent' ? never() : Promise.resolve({ kind: 'absent' })),
      read: notAsked,
      measure: notAsked,
      appendBytes: 0,
      open: notAsked,
      close: notAsked,
    },
    convert: notAsked,
    checkpoint: new CheckpointKeeper(store, clock, { source: 's', stream: 't', settings: {} }),
    history: { add: notAsked, recent: notAsked },
    clock,
    logger: silentLogger,
    telemetry: noTelemetry,
    sourceId: 's',
    stream: 't',
    settingsDigest: '00000000',
    settingsByName: {},
  };
}

async function cutOff(which: Parts) {
  const signal = new AbortController();
  const answer = status(which, signal.signal);
  setImmediate(() => signal.abort());
  return answer;
}

describe('A status that is cut off', () => {
  test('A status that is cut off names the target when only that was silent, and shows the rest', async () => {
    const { healthy, source, target, problems } = await cutOff(parts({ tail: 'silent' }));
    expect(healthy).toBe(false);
    expect(target.error).toMatchObject({ kind: 'TargetUnreachable', message: 'The server did not answer in time.' });
    expect(source).toEqual({ id: 's', head: lag.head, map: chunkMap });
    expect(problems[0]).toMatch(/^The server did not answer in time\. Check that the server runs/);
  });

  test('A status that is cut off names the source when only that was silent', async () => {
    const { source, target, checkpoint } = await cutOff(parts({ head: 'silent' }));
    expect(source.error).toMatchObject({ kind: 'SourceUnreachable' });
    expect(target).toEqual({ stream: 't', state: 'absent' });
    expect(checkpoint).toEqual({});
  });

  test('A status that is cut off names the table when only that was silent, and says nothing of the source that it could not ask', async () => {
    const { source, target, checkpoint } = await cutOff(parts({ row: 'silent' }));
    expect(checkpoint.error).toMatchObject({ kind: 'CheckpointUnreachable' });
    expect(source).toEqual({ id: 's' });
    expect(target).toEqual({ stream: 't', state: 'absent' });
  });
});

describe('A status', () => {
  const problemsOf = async (facts: Parameters<typeof parts>[0]): Promise<readonly string[]> =>
    (await status(parts(facts), new AbortController().signal)).problems;

  test('A status is well while a run reports its progress', async () => {
    expect(await problemsOf({ run: { startedAt: 60, refreshedAt: 2, movedAt: 30 } })).toEqual([]);
  });

  test('A status names a run that has not reported for more than three minutes', async () => {
    expect(await problemsOf({ run: { startedAt: 60, refreshedAt: 4, movedAt: 4 } })).toEqual([
      expect.stringMatching(/^No run has reported since /),
    ]);
  });

  test('A status names a stream in which nothing was confirmed for more than ten minutes although the source is ahead', async () => {
    const run = { startedAt: 60, refreshedAt: 0, behindSince: 11 };
    expect(await problemsOf({ bytesBehind: 5, run: { ...run, movedAt: 11 } })).toEqual([
      expect.stringMatching(/^Nothing was confirmed since .* although the source is ahead/),
    ]);
    expect(await problemsOf({ bytesBehind: 5, run: { ...run, movedAt: 9 } })).toEqual([]);
  });
});
