import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { AppendCall } from '../../src/target/target.js';
import { embeddedServer } from '../support/embeddedServer.js';
import { stallingRoad } from '../support/stallingRoad.js';
import { FakeClock } from '../support/fakeClock.js';
import { failureOf, openTarget } from './openTarget.js';
import { sampleEvent, sampleEvents } from './sampleEvent.js';
import { batchRequest, scriptedServer, successFor } from './scriptedServer.js';

/** A port on which something else than EventStoreDB listens. */
async function listening(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `esdb://127.0.0.1:${(server.address() as AddressInfo).port}?tls=false`;
}

/** The failure of an append, for which so much time is let pass as it may take in all. */
async function failureWithin(ms: number, clock: FakeClock, append: Promise<number>) {
  const failing = failureOf(append);
  let passed = 0;
  const ticking = setInterval(() => {
    if (clock.pending > 0 && passed < ms) clock.advance(Math.min(5_000, ms - passed));
    passed += 5_000;
  }, 20);
  return failing.finally(() => clearInterval(ticking));
}

async function scripted(script: Parameters<typeof scriptedServer>[0]) {
  const { connectionString } = await scriptedServer(script);
  const clock = new FakeClock();
  return { clock, call: openTarget({ connectionString, clock }).open('billing') };
}

describe('An append fails within its deadline, and says so,', () => {
  test('when the connection is taken and nothing is ever said on it', async () => {
    const clock = new FakeClock();
    const connectionString = await listening(() => undefined);
    const append = openTarget({ connectionString, clock }).open('billing').append(sampleEvents(1), -1);
    const failure = await failureWithin(30_000, clock, append);
    expect(failure).toMatchObject({ kind: 'TargetUnreachable', answer: 'outage' });
    expect(failure.message).toContain('did not answer within 15 s');
  });

  test.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'],
    ['no server we know', randomBytes(4_096)],
    ['a server that hangs up', ''],
  ])('when %s listens there', async (_, says) => {
    const clock = new FakeClock();
    const connectionString = await listening((socket) => void socket.end(says));
    const append = openTarget({ connectionString, clock }).open('billing').append(sampleEvents(1), -1);
    const failure = await failureWithin(30_000, clock, append);
    expect(['TargetUnreachable', 'TargetRefused']).toContain(failure.kind);
    expect(failure.answer).toBe('outage');
  });

  test('when the line falls silent in the middle of a call', async () => {
    const server = await embeddedServer();
    const road = await stallingRoad(server.port);
    const clock = new FakeClock();
    const target = openTarget({ connectionString: `esdb://127.0.0.1:${road.port}?tls=false`, clock });
    const call = target.open('billing');
    expect(await call.append(sampleEvents(1), -1)).toBe(0);
    road.stall();
    const events = sampleEvents(2);
    const appends = events.map((event, i) => call.append([event], i));
    await vi.waitFor(() => expect(clock.pending).toBe(2));
    clock.advance(16_000);
    for (const append of appends) expect((await failureOf(append)).kind).toBe('AppendUncertain');
    expect(clock.pending).toBe(0);
    road.flow();
    // Whether or not they arrive after all, or just now: what is sent again is there once.
    const again = (): Promise<number | undefined> =>
      target
        .open('billing')
        .append(events, 0)
        .catch(() => undefined);
    await expect.poll(again).toBe(2);
    expect(server.lastRevision('billing')).toBe(2);
  });

  test('when its answer alone is missing among those of the appends before and behind it', async () => {
    let asked = 0;
    const { clock, call } = await scripted({
      batchAppend: (of) =>
        void of.on('data', (bytes: Buffer) => {
          if (++asked !== 2) of.write(successFor(batchRequest(bytes)));
        }),
    });
    const appends = [-1, 0, 1, 2].map((expected) => call.append(sampleEvents(1), expected));
    expect(await Promise.all([appends[0], appends[2], appends[3]])).toEqual([0, 2, 3]);
    expect(clock.pending).toBe(1);
    clock.advance(16_000);
    expect(await failureOf(appends[1] ?? Promise.resolve())).toMatchObject({
      kind: 'AppendUncertain',
      facts: { expected: 0 },
    });
    expect((await failureOf(call.append(sampleEvents(1), 3))).kind).toBe('AppendUncertain');
  });

  test('when the server reads nothing: what waits to write goes on, and fails too', async () => {
    const { clock, call } = await scripted({ batchAppend: () => undefined });
    const large = { data: randomBytes(200_000) };
    const appends = Array.from({ length: 40 }, (_, i) => call.append([sampleEvent(large)], i - 1));
    await vi.waitFor(() => expect(clock.pending).toBe(40));
    const writable = call.writable();
    const held = await Promise.race([writable.then(() => 'free'), new Promise((r) => setImmediate(r, 'held'))]);
    expect(held).toBe('held');
    clock.advance(19_000);
    await writable;
    for (const append of appends) expect((await failureOf(append)).kind).toBe('AppendUncertain');
    expect(clock.pending).toBe(0);
  });

  test.each([
    ['before it has read anything', 0],
    ['after some answers', 2],
  ])('when the server ends the call cleanly %s', async (_, answers) => {
    const answered = async (call: AppendCall): Promise<string[]> => {
      const appends = Array.from({ length: 5 }, (_, i) => call.append(sampleEvents(1), i - 1));
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

  test('and an answer that comes after that changes nothing', async () => {
    const late: (() => void)[] = [];
    const { clock, call } = await scripted({
      batchAppend: (of) =>
        void of.on('data', (bytes: Buffer) => {
          late.push(() => of.write(successFor(batchRequest(bytes))));
        }),
    });
    const append = call.append(sampleEvents(1), -1);
    await vi.waitFor(() => expect(late).toHaveLength(1));
    clock.advance(16_000);
    for (const answer of late) answer();
    expect((await failureOf(append)).kind).toBe('AppendUncertain');
    expect((await failureOf(call.append(sampleEvents(1), 0))).message).toContain('the call is over');
  });

  test.each([
    ['says nothing', undefined],
    ['ends it without an answer', 'end'],
    ['answers with bytes that are no message', 'garbage'],
  ])('to a server without BatchAppend that %s', async (_, how) => {
    const { clock, call } = await scripted({
      features: 'plain',
      append: (of, answer) => {
        of.on('data', () => undefined);
        if (how === 'garbage') answer(null, Buffer.of(0x0a, 0x7f, 0x01));
        if (how === 'end') answer(null);
      },
    });
    const failure = await failureWithin(60_000, clock, call.append(sampleEvents(1), -1));
    expect(failure).toMatchObject({ kind: 'AppendUncertain', answer: 'resume' });
    expect(clock.pending).toBe(0);
  });
});
