import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AppendCall } from '../../src/target/target.js';
import { embeddedServer } from '../support/services/embeddedServer.js';
import { stallingRoad } from '../support/faults/stallingRoad.js';
import { FakeClock } from '../support/fakeClock.js';
import { eventually, until } from '../support/waits.js';
import { failureOf, openTarget } from './openTarget.js';
import { measured, sampleEvent, sampleEvents } from './sampleEvent.js';
import { batchRequest, scriptedServer, successFor } from './scriptedServer.js';

/** A port on which something else than EventStoreDB listens; `taken` once it was connected to. */
async function listening(onConnection: (socket: Socket) => void) {
  let take: () => void = () => undefined;
  const taken = new Promise<void>((resolve) => (take = resolve));
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    onConnection(socket);
    take();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { connectionString: `esdb://127.0.0.1:${(server.address() as AddressInfo).port}?tls=false`, taken };
}

async function scripted(script: Parameters<typeof scriptedServer>[0]) {
  const { connectionString } = await scriptedServer(script);
  const clock = new FakeClock();
  return { clock, call: openTarget({ connectionString, clock }).open() };
}

describe('An append that provably never left', () => {
  test('An append that provably never left is TargetUnreachable when the connection is taken and nothing is ever said on it', async () => {
    const clock = new FakeClock();
    const { connectionString, taken } = await listening(() => undefined);
    const failing = failureOf(
      openTarget({ connectionString, clock })
        .open()
        .append('billing', measured(sampleEvents(1)), -1),
    );
    await until('the connection to be taken', taken);
    clock.advance(15_000);
    const failure = await until('the append to fail', failing);
    expect(failure).toMatchObject({ kind: 'TargetUnreachable', policy: 'wait' });
    expect(failure.message).toContain('did not answer within 15 s');
  });

  test.each(['durations', 'plain'] as const)(
    'An append that provably never left is TargetUnreachable when the server does not say what it can do (%s)',
    async (features) => {
      const asked = { features: 0, appends: 0 };
      let answer: () => void = () => undefined;
      const append = (): void => void (asked.appends += 1);
      const hold = (later: () => void): void => {
        asked.features += 1;
        answer = later;
      };
      const { clock, call } = await scripted({ features, hold, append, batchAppend: append });
      const failing = failureOf(call.append('billing', measured(sampleEvents(1)), -1));
      await eventually('the server to be asked what it can do', () => expect(asked.features).toBe(1));
      clock.advance(15_000);
      const failure = await until('the append to fail', failing);
      expect(failure).toMatchObject({ kind: 'TargetUnreachable', policy: 'wait' });
      expect(failure.message).toContain('did not answer within 15 s');
      answer();
      expect((await failureOf(call.append('billing', measured(sampleEvents(1)), -1))).kind).toBe('TargetUnreachable');
      expect(asked).toEqual({ features: 1, appends: 0 });
      expect(clock.pending).toBe(0);
    },
  );

  test.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'],
    ['no server we know', randomBytes(4_096)],
    ['a server that hangs up', ''],
  ])("An append is an outage when %s listens at the server's address", async (_, says) => {
    const { connectionString } = await listening((socket) => void socket.end(says));
    const append = openTarget({ connectionString, clock: new FakeClock() })
      .open()
      .append('billing', measured(sampleEvents(1)), -1);
    const failure = await until('the append to fail', failureOf(append));
    expect(['TargetUnreachable', 'TargetRefused']).toContain(failure.kind);
    expect(failure.policy).toBe('wait');
  });
});

describe('An append that may have been written', () => {
  test('An append that may have been written fails within its deadline when the line falls silent in the middle of a call', async () => {
    const server = await embeddedServer();
    const road = await stallingRoad(server.port);
    const clock = new FakeClock();
    const target = openTarget({ connectionString: `esdb://127.0.0.1:${road.port}?tls=false`, clock });
    const call = target.open();
    expect(await call.append('billing', measured(sampleEvents(1)), -1)).toBe(0);
    road.stall();
    const events = sampleEvents(2);
    const appends = events.map((event, i) => call.append('billing', measured([event]), i));
    await eventually('both appends to be sent', () => expect(clock.pending).toBe(2));
    clock.advance(16_000);
    for (const append of appends) expect((await failureOf(append)).kind).toBe('AppendUncertain');
    expect(clock.pending).toBe(0);
    road.flow();
    // Whether or not they arrive after all, or just now: what is sent again is there once.
    await eventually('the events to be taken when they are sent again', async () =>
      expect(await target.open().append('billing', measured(events), 0)).toBe(2),
    );
    expect(server.lastRevision('billing')).toBe(2);
  });

  test('An append that may have been written fails within its deadline when its answer alone is missing among those of the appends before and behind it', async () => {
    let asked = 0;
    const { clock, call } = await scripted({
      batchAppend: (of) =>
        void of.on('data', (bytes: Buffer) => {
          if (++asked !== 2) of.write(successFor(batchRequest(bytes)));
        }),
    });
    const appends = [-1, 0, 1, 2].map((expected) => call.append('billing', measured(sampleEvents(1)), expected));
    expect(await Promise.all([appends[0], appends[2], appends[3]])).toEqual([0, 2, 3]);
    expect(clock.pending).toBe(1);
    clock.advance(16_000);
    expect(await failureOf(appends[1] ?? Promise.resolve())).toMatchObject({
      kind: 'AppendUncertain',
      facts: { expected: 0 },
    });
    expect((await failureOf(call.append('billing', measured(sampleEvents(1)), 3))).kind).toBe('AppendUncertain');
  });

  test('An append that may have been written fails within its deadline when the server reads nothing, and who waits to write another goes on', async () => {
    const { clock, call } = await scripted({ batchAppend: () => undefined });
    const large = { data: randomBytes(200_000) };
    const appends = Array.from({ length: 40 }, (_, i) => call.append('billing', measured([sampleEvent(large)]), i - 1));
    await eventually('all appends to be sent', () => expect(clock.pending).toBe(40));
    const writable = call.writable();
    const held = await Promise.race([writable.then(() => 'free'), new Promise((r) => setImmediate(r, 'held'))]);
    expect(held).toBe('held');
    clock.advance(19_000);
    await until('the call to be writable', writable);
    for (const append of appends) expect((await failureOf(append)).kind).toBe('AppendUncertain');
    expect(clock.pending).toBe(0);
  });

  test.each([
    ['before it has read anything', 0],
    ['after some answers', 2],
  ])('An append that may have been written fails when the server ends the call cleanly %s', async (_, answers) => {
    const answered = async (call: AppendCall): Promise<string[]> => {
      const appends = Array.from({ length: 5 }, (_, i) => call.append('billing', measured(sampleEvents(1)), i - 1));
      return (await Promise.allSettled(appends)).map(({ status }) => status);
    };
    const { call, clock } = await scripted({
      batchAppend: (of) => {
        let left = answers;
        if (left === 0) of.end();
        of.on('data', (bytes: Buffer) => {
          if (left === 0) return;
          of.write(successFor(batchRequest(bytes)));
          if (--left === 0) of.end();
        });
      },
    });
    const outcomes = await answered(call);
    expect(outcomes).toEqual(outcomes.map((_, i) => (i < answers ? 'fulfilled' : 'rejected')));
    expect(clock.pending).toBe(0);
  });

  test('An append that may have been written stays of unknown outcome when an answer comes after its deadline', async () => {
    const late: (() => void)[] = [];
    const { clock, call } = await scripted({
      batchAppend: (of) =>
        void of.on('data', (bytes: Buffer) => {
          late.push(() => of.write(successFor(batchRequest(bytes))));
        }),
    });
    const append = call.append('billing', measured(sampleEvents(1)), -1);
    await eventually('the append to arrive', () => expect(late).toHaveLength(1));
    clock.advance(16_000);
    for (const answer of late) answer();
    expect((await failureOf(append)).kind).toBe('AppendUncertain');
    expect((await failureOf(call.append('billing', measured(sampleEvents(1)), 0))).message).toContain(
      'the call is over',
    );
  });

  test.each([
    ['says nothing', undefined],
    ['ends it without an answer', 'end'],
    ['answers with bytes that are no message', 'garbage'],
  ])(
    'An append that may have been written is AppendUncertain at a server without BatchAppend that %s',
    async (_, how) => {
      let arrived = 0;
      const { clock, call } = await scripted({
        features: 'plain',
        append: (of, answer) => {
          arrived += 1;
          of.on('data', () => undefined);
          if (how === 'garbage') answer(null, Buffer.of(0x0a, 0x7f, 0x01));
          if (how === 'end') answer(null);
        },
      });
      const failing = failureOf(call.append('billing', measured(sampleEvents(1)), -1));
      // Its time must not run out before it has left: then it would be known that nothing was written.
      await eventually('the append to arrive', () => expect(arrived).toBe(1));
      if (how === undefined) clock.advance(16_000);
      expect(await until('the append to fail', failing)).toMatchObject({ kind: 'AppendUncertain', policy: 'resume' });
      expect(clock.pending).toBe(0);
    },
  );

  test.each(['durations', 'plain'] as const)(
    'An append that may have been written is AppendUncertain when the connection is cut before anything is answered (%s)',
    async (features) => {
      const cut = (): void => server.shutDown();
      const server = await scriptedServer({ features, append: cut, batchAppend: (of) => void of.on('data', cut) });
      const call = openTarget({ connectionString: server.connectionString, clock: new FakeClock() }).open();
      const failure = await until(
        'the append to fail',
        failureOf(call.append('billing', measured(sampleEvents(1)), -1)),
      );
      expect(failure).toMatchObject({ kind: 'AppendUncertain', policy: 'resume' });
    },
  );
});
