import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.js';
import type { Page } from '../../../src/target/read/page.js';
import { type ReadPage, readTail } from '../../../src/target/read/tail.js';
import type { StoredEvent } from '../../../src/target/target.js';
import { FakeClock } from '../../support/fakeClock.js';
import { eventually, until } from '../../support/waits.js';
import { failureOf, never, openTarget } from '../openTarget.js';
import { measured, sampleEvents } from '../sampleEvent.js';
import { batchRequest, scriptedServer, successFor } from '../scriptedServer.js';

const missing: Page = { kind: 'missing' };

function page(data = '{}'): Page {
  const event: StoredEvent = {
    id: '00000000-0000-4000-8000-000000000001',
    revision: 4,
    type: '$metadata',
    contentType: 'application/json',
    data: Buffer.from(data),
    metadata: Buffer.of(),
  };
  return { kind: 'events', events: [event], last: true };
}

/** Reads the tail of `billing` from pages that are given, look by look; tells how often it looked. */
function tailOf(looks: { readonly stream: Page; readonly metadata: Page | Failure }[]) {
  const clock = new FakeClock();
  let reads = 0;
  const read: ReadPage = ({ stream, from, direction, count }) => {
    expect({ from, direction, count }).toEqual({ from: 'end', direction: 'backwards', count: 1 });
    const look = looks[Math.min(Math.floor(reads++ / 2), looks.length - 1)];
    const answer = stream === '$$billing' ? look?.metadata : look?.stream;
    return answer instanceof Failure || !answer
      ? Promise.reject(answer ?? new Error('no page'))
      : Promise.resolve(answer);
  };
  return { tail: readTail(read, 'billing', clock, never), clock, reads: () => reads };
}

/** Until the second look is due in a second. */
function secondLook(clock: FakeClock): Promise<void> {
  return eventually('the first look to be over', () => expect(clock.pending).toBe(1));
}

describe('A tail', () => {
  test('A tail that is an event is read once', async () => {
    const { tail, reads } = tailOf([{ stream: page(), metadata: missing }]);
    expect(await tail).toMatchObject({ kind: 'event', event: { revision: 4 } });
    expect(reads()).toBe(2);
  });

  test('A tail is absent only after a second look, a second later', async () => {
    const { tail, clock, reads } = tailOf([{ stream: missing, metadata: missing }]);
    await secondLook(clock);
    clock.advance(999);
    await setImmediate();
    expect(reads()).toBe(2);
    clock.advance(1);
    expect(await tail).toEqual({ kind: 'absent' });
    expect(reads()).toBe(4);
  });

  test('A tail that appears within a second after it was absent is the tail', async () => {
    const { tail, clock } = tailOf([
      { stream: missing, metadata: page('{"$tb":9223372036854775807}') },
      { stream: page(), metadata: page('{"$tb":4}') },
    ]);
    await secondLook(clock);
    clock.advance(1_000);
    expect(await tail).toMatchObject({ kind: 'event', retention: { truncateBefore: '4' } });
  });

  test('A second look at an absent tail is not waited for once the signal is aborted', async () => {
    const stop = new AbortController();
    const clock = new FakeClock();
    const tail = readTail(() => Promise.resolve(missing), 'billing', clock, stop.signal);
    await secondLook(clock);
    stop.abort(new Error('stopped'));
    await expect(tail).rejects.toThrow('stopped');
  });

  test('A tail can be known without the right to read its metadata', async () => {
    const denied = new Failure('TargetAccessDenied', 'not for you');
    const { tail } = tailOf([{ stream: page(), metadata: denied }]);
    expect(await tail).toEqual({ kind: 'event', event: expect.objectContaining({ revision: 4 }) as unknown });
  });

  test('A tail that seems absent cannot be told from a deleted stream without the right to read its metadata', async () => {
    const denied = new Failure('TargetAccessDenied', 'not for you');
    const { tail } = tailOf([{ stream: missing, metadata: denied }]);
    await expect(tail).rejects.toBe(denied);
  });

  test.each([
    ['{"$tb":9223372036854775807}', 'was soft-deleted'],
    ['{ "$acl": {"$r": "ops"}, "$tb" : 9223372036854775807 }', 'was soft-deleted'],
    ['{"$maxCount":1}', 'has no event, but its metadata stream $$billing exists'],
    ['not JSON at all', 'has no event, but its metadata stream $$billing exists'],
    ['null', 'has no event, but its metadata stream $$billing exists'],
    ['{"$tb":"9223372036854775807"}', 'has no event, but its metadata stream $$billing exists'],
  ])('The tail of a missing stream with metadata %s is truncated', async (metadata, reason) => {
    const { tail, clock } = tailOf([{ stream: missing, metadata: page(metadata) }]);
    await secondLook(clock);
    clock.advance(1_000);
    expect(await tail).toEqual({ kind: 'truncated', reason: `stream billing ${reason}` });
  });

  test('The tail of a stream whose events are all hidden names every reason there is', async () => {
    const hidden: Page = { kind: 'events', events: [], last: true };
    for (const [metadata, because] of [
      [page('{"$tb":7,"$maxCount":3,"$maxAge":60}'), '($tb is 7, $maxCount is 3, $maxAge is 60)'],
      [missing, ''],
    ] as const) {
      const { tail, clock } = tailOf([{ stream: hidden, metadata }]);
      await secondLook(clock);
      clock.advance(1_000);
      const reason = `every event of stream billing is hidden by its metadata ${because}`.trim();
      expect(await tail).toEqual({ kind: 'truncated', reason });
    }
  });
});

describe('Reading from a server', () => {
  test('Reading from a server that falls silent fails within 15 s', async () => {
    let reads = 0;
    const { connectionString } = await scriptedServer({
      batchAppend: (call) => void call.on('data', (bytes: Buffer) => call.write(successFor(batchRequest(bytes)))),
      read: () => void (reads += 1),
    });
    const clock = new FakeClock();
    const target = openTarget({ connectionString, clock });
    await target.open().append('billing', measured(sampleEvents(1)), -1);
    const failing = failureOf(target.tail('billing', never));
    await eventually('the stream and its metadata to be read', () => expect(reads).toBe(2));
    clock.advance(15_000);
    // The first silence may be that of a stale connection.
    await eventually('both to be read again over a new connection', () => expect(reads).toBe(4));
    clock.advance(15_000);
    const failure = await until('the tail to be given up', failing);
    expect(failure.kind).toBe('TargetUnreachable');
    expect(failure.message).toContain('did not answer within 15 s');
  });

  test('Reading from a server that falls silent in the middle of an answer fails too', async () => {
    let reads = 0;
    const { connectionString } = await scriptedServer({
      read: (call) => {
        reads += 1;
        call.write(Buffer.of(0x42, 0x00)); // "caught up": says nothing about events
      },
    });
    const clock = new FakeClock();
    const tail = failureOf(openTarget({ connectionString, clock }).tail('billing', never));
    await eventually('the stream and its metadata to be read', () => expect(reads).toBe(2));
    // What was said may come before or after the first 15 s: the second are silent in any case.
    for (let times = 0; times < 4; times++) await clock.pass(15_000);
    expect((await until('the tail to be given up', tail)).message).toContain('did not answer within 15 s');
  });

  test('Reading from a server ends at once when the signal is aborted', async () => {
    let reads = 0;
    const { connectionString } = await scriptedServer({ read: () => void (reads += 1) });
    const stop = new AbortController();
    const clock = new FakeClock();
    const target = openTarget({ connectionString, clock });
    const tail = target.tail('billing', stop.signal);
    await eventually('both reads to be under way', () => expect(reads).toBe(2));
    stop.abort(new Error('stopped'));
    await expect(tail).rejects.toThrow('stopped');
    expect(clock.pending).toBe(0);
  });

  test('Reading from a server that answers with bytes that are no answer is refused', async () => {
    const { connectionString } = await scriptedServer({ read: (call) => void call.write(Buffer.of(0x0a, 0x7f, 0x01)) });
    const failure = await failureOf(openTarget({ connectionString }).tail('billing', never));
    expect(failure.kind).toBe('TargetRefused');
  });

  test('Reading from a server ends when the target is closed', async () => {
    let reads = 0;
    const { connectionString } = await scriptedServer({ read: () => void (reads += 1) });
    const clock = new FakeClock();
    const target = openTarget({ connectionString, clock });
    const tail = failureOf(target.tail('billing', never));
    await eventually('both reads to be under way', () => expect(reads).toBe(2));
    await target.close();
    await tail;
    expect(clock.pending).toBe(0);
    await failureOf(target.tail('billing', never));
    await failureOf(target.open().append('billing', measured(sampleEvents(1)), -1));
  });

  test('Reading a stream that the server keeps for itself is not tried', async () => {
    const target = openTarget({ connectionString: 'esdb://127.0.0.1:1?tls=false' });
    expect((await failureOf(target.tail('$settings', never))).kind).toBe('SettingsInvalid');
    const append = failureOf(target.open().append('$settings', measured(sampleEvents(1)), -1));
    expect(await append).toMatchObject({
      kind: 'SettingsInvalid',
      message: expect.stringContaining('the first not a $') as string,
    });
    const read = target.read('$settings', { revision: 0, direction: 'forwards' }, never)[Symbol.asyncIterator]();
    expect((await failureOf(read.next())).kind).toBe('SettingsInvalid');
  });
});
