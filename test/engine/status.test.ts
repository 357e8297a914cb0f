import { describe, expect, test } from 'vitest';
import { CheckpointKeeper } from '../../src/checkpoint/checkpointKeeper.js';
import type { Parts } from '../../src/engine/parts.js';
import { status } from '../../src/engine/status.js';
import type { ChunkMap, SourceLag } from '../../src/source/source.js';
import { silentLogger } from '../../src/telemetry/logger.js';
import { noTelemetry } from '../../src/telemetry/telemetry.js';
import { MemoryCheckpointStore } from '../support/memoryCheckpoint.js';
import { VirtualClock } from '../support/virtualClock.js';

const lag: SourceLag = { bytes: 0, events: 0, eventsExact: true, head: { chunk: 'a.dat', bytes: 100 } };
const chunkMap: ChunkMap = { chunks: 1, bytes: 100, readChunks: 0, readBytes: 0, around: [] };
const never = <T>(): Promise<T> => new Promise(() => undefined);

/** Just what a status asks of each part; each answers at once unless told otherwise. */
function parts({ tail = 'answers', head = 'answers', row = 'answers' } = {}): Parts {
  const clock = new VirtualClock();
  const store = new MemoryCheckpointStore();
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
      lag: () => (head === 'silent' ? never() : Promise.resolve(lag)),
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
    settings: '00000000',
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
  test('names the target when only that was silent, and shows the rest', async () => {
    const { healthy, source, target, problems } = await cutOff(parts({ tail: 'silent' }));
    expect(healthy).toBe(false);
    expect(target.error).toMatchObject({ kind: 'TargetUnreachable', message: 'The server did not answer in time.' });
    expect(source).toEqual({ id: 's', head: lag.head, map: chunkMap });
    expect(problems[0]).toMatch(/^The server did not answer in time\. Check that the server runs/);
  });

  test('names the source when only that was silent', async () => {
    const { source, target, checkpoint } = await cutOff(parts({ head: 'silent' }));
    expect(source.error).toMatchObject({ kind: 'SourceUnreachable' });
    expect(target).toEqual({ stream: 't', state: 'absent' });
    expect(checkpoint).toEqual({});
  });

  test('names the table when only that was silent, and says nothing of the source that it could not ask', async () => {
    const { source, target, checkpoint } = await cutOff(parts({ row: 'silent' }));
    expect(checkpoint.error).toMatchObject({ kind: 'CheckpointUnreachable' });
    expect(source).toEqual({ id: 's' });
    expect(target).toEqual({ stream: 't', state: 'absent' });
  });
});
