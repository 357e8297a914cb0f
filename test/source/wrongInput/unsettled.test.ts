import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../support/fakeClock.js';
import { RecordingLogger } from '../../support/recordingLogger.js';
import { numberedRecords, tapeOf } from '../../support/stores/tapeWriter.js';
import { uploadChunk } from '../../support/stores/uploadStore.js';
import { openTapes, readAll } from '../openTapes.js';
import { first, threeChunks, positions, range, withProxy } from '../tapeChunks.js';

const whole = threeChunks[0][1];
const torn = whole.subarray(0, -7);
const tornAt = tapeOf(numberedRecords(1, 9)).length;
const behind = '00000009-2013-10-15-103000.dat';
const startedAt = '2013-10-15T09:30:00.000Z';

/**
 * A chunk with nine whole frames and a torn one, and a later chunk with two. The storage's clock is that of the test,
 * and each answer says that the first chunk was changed at this very moment.
 */
async function tornStore(settleSeconds: number) {
  const { container, proxy } = await withProxy();
  await uploadChunk(container, first, torn, 'page');
  await uploadChunk(container, behind, tapeOf(numberedRecords(11, 12)), 'page');
  let beforeLook = (): Promise<unknown> => Promise.resolve();
  const clock = FakeClock.flowing(async (count) => {
    if (count > 30) throw new Error('the torn frame is waited for without end');
    await beforeLook();
  });
  proxy.tampering.headers = ({ about }, headers) => {
    if (about === first) headers.date = headers['last-modified'] = new Date(clock.now()).toUTCString();
  };
  const logger = new RecordingLogger();
  const write = (bytes: Buffer) => uploadChunk(container, first, bytes, 'page');
  let rewritten = 0;
  return {
    ...{ proxy, clock, logger, source: openTapes(proxy.container, { clock, logger, settleSeconds }) },
    /** Says what happens to the chunk before reading looks at it once more. */
    beforeEachLook: (does: () => Promise<unknown>): void => {
      beforeLook = does;
    },
    /** Another byte stands somewhere behind the torn frame. */
    rewrite: () => write(Buffer.concat([torn, Buffer.alloc(1000), Buffer.from([++rewritten])])),
    finish: () => write(whole),
    touch: () => container.getBlobClient(first).setMetadata({ touched: 'again' }),
  };
}

/** A store whose torn frame was rewritten before each look, and what reading it came to. */
async function rewrittenStore() {
  const store = await tornStore(1);
  store.beforeEachLook(store.rewrite);
  return { ...store, ...(await readAll(store.source)) };
}

describe('a torn frame that a later chunk follows', () => {
  test('A torn frame is passed over although somebody renews the date of its chunk again and again', async () => {
    const { source, clock, touch, beforeEachLook } = await tornStore(2);
    beforeEachLook(touch);
    const { records, thrown } = await readAll(source);
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual(range(1, 11));
    expect(clock.slept).toEqual([1000, 1000]);
  });

  test('A wait for a torn frame is logged once, with its chunk and offset, since when it lasts and what it is for', async () => {
    const { source, logger } = await tornStore(2);
    await readAll(source);
    expect(logger.lines).toMatchObject([
      {
        level: 'warn',
        event: 'source-waits-for-torn-frame',
        facts: {
          ...{ chunk: first, offset: tornAt, since: startedAt },
          waitsFor: 'the frame to be finished, or its bytes to stay the same for 2 s',
        },
      },
      { level: 'warn', event: 'source-torn-frame' },
    ]);
  });

  test('A torn frame whose bytes keep changing is waited for, and is SourceUnsettled after ten times SETTLE_SECONDS', async () => {
    const { records, thrown, clock, logger } = await rewrittenStore();
    expect(thrown).toMatchObject({
      kind: 'SourceUnsettled',
      policy: 'wait',
      message: `Chunk ${first} ends in an unfinished frame at byte ${tornAt}. Reading has waited for it since ${startedAt}, and its bytes keep changing.`,
      facts: { chunk: first, offset: tornAt, since: startedAt },
    });
    expect(clock.slept).toHaveLength(11);
    expect(positions(records)).toEqual(range(1, 9));
    expect(logger.events('warn')).toEqual(['source-waits-for-torn-frame']);
  });

  test('SourceUnsettled ends by itself once the bytes of the torn frame have not changed for SETTLE_SECONDS', async () => {
    const { source, cursor, clock, rewrite } = await rewrittenStore();
    await rewrite();
    expect((await readAll(source, cursor)).thrown).toMatchObject({ kind: 'SourceUnsettled' });
    clock.advance(1_000);
    const { records, thrown } = await readAll(source, cursor);
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual([10, 11]);
  });

  test('SourceUnsettled ends by itself once the torn frame is finished', async () => {
    const { source, cursor, finish } = await rewrittenStore();
    await finish();
    const { records, thrown } = await readAll(source, cursor);
    expect(thrown).toBeUndefined();
    expect(positions(records)).toEqual([10, 11, 12]);
    expect(records[0]?.chunk).toBe(first);
  });

  test('A torn frame is an outage also when its chunk often changes while it is being looked at', async () => {
    const { source, proxy, clock, rewrite, touch, beforeEachLook } = await tornStore(1);
    let calls = 0;
    proxy.tampering.before = async ({ about }) => {
      // So many calls lead to no verdict: one for a range, then five times one for the rest and one for its version.
      if (about === first && ++calls <= 11) await touch();
    };
    beforeEachLook(async () => {
      await rewrite();
      calls = 0;
    });
    const { thrown } = await readAll(source);
    expect(thrown).toMatchObject({ kind: 'SourceUnsettled', facts: { since: startedAt } });
    expect(clock.slept).toHaveLength(11);
  });
});

test('A chunk that changes each time it is read is SourceUnsettled, and is read once it stays the same', async () => {
  const { source, proxy, touch } = await tornStore(0);
  proxy.tampering.before = async ({ about }) => {
    if (about === first) await touch();
  };
  const { records, cursor, thrown } = await readAll(source);
  expect(positions(records)).toEqual(range(1, 9));
  expect(thrown).toMatchObject({
    kind: 'SourceUnsettled',
    message: `Chunk ${first} kept changing while byte ${tornAt} was being read.`,
    facts: { chunk: first, offset: tornAt },
  });
  delete proxy.tampering.before;
  expect(positions((await readAll(source, cursor)).records)).toEqual([10, 11]);
});
