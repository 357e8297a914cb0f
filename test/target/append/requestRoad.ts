import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { TargetEvent } from '../../../src/core/record.js';
import { eventStoreTarget } from '../../../src/target/eventStoreTarget.js';
import type { AppendCall } from '../../../src/target/target.js';
import { silentLogger } from '../../../src/core/logger.js';
import { FakeClock } from '../../support/fakeClock.js';
import { stallingRoad, type StallingRoad } from '../../support/faults/stallingRoad.js';
import { until } from '../../support/waits.js';
import { measured, sampleEvent } from '../sampleEvent.js';
import { batchRequest, scriptedServer, successFor } from '../scriptedServer.js';

/** More than the flow control of one call lets through unread, so that a stalled road is felt at once. */
const size = fc.oneof(fc.nat(300), fc.integer({ min: 10_000, max: 60_000 }));
const step = fc.oneof(
  {
    arbitrary: fc.record({ do: fc.constant('send' as const), sizes: fc.array(size, { minLength: 1, maxLength: 4 }) }),
    weight: 8,
  },
  { arbitrary: fc.record({ do: fc.constantFrom('stall', 'flow', 'await', 'turn') }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('giveUp' as const) }), weight: 1 },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** An event as text, quicker to compare than arrays of numbers. */
function printed(parts: { id: string; type: string; data: Uint8Array; metadata: Uint8Array }): string {
  const { id, type, data, metadata } = parts;
  return [id, type, Buffer.from(data).toString('latin1'), Buffer.from(metadata).toString('latin1')].join('|');
}

function received(request: BatchAppendReq): string[] {
  return request.getProposedMessagesList().map((message) =>
    printed({
      id: message.getId()?.getString() ?? '',
      type: message.getMetadataMap().get('type') ?? '',
      data: message.getData_asU8(),
      metadata: message.getCustomMetadata_asU8(),
    }),
  );
}

/** One after the other; the requests in flight are answered when the road lets them through. */
export class Sender {
  /** What was sent on the present call, with its answers. */
  private batches: { readonly events: readonly TargetEvent[]; readonly answer: Promise<number> }[] = [];
  /** What was sent on calls that were given up: what arrives of it must be right too. */
  private readonly givenUp: string[] = [];
  private call: AppendCall;
  private stalled = false;
  private awaited = 0;
  private sent = 0;

  constructor(
    private readonly open: () => AppendCall,
    private readonly stream: string,
    private readonly road: StallingRoad,
  ) {
    this.call = open();
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'send':
        return this.send(step.sizes);
      case 'stall':
        this.stalled = true;
        return this.road.stall();
      case 'flow':
        this.stalled = false;
        return this.road.flow();
      case 'await':
        // Buffers come back, and are used again by what follows.
        if (!this.stalled) await this.batches[this.awaited++]?.answer;
        return;
      case 'turn':
        return new Promise((resolve) => setImmediate(resolve));
      case 'giveUp':
        this.call.close();
        this.givenUp.push(...this.batches.flatMap(({ events }) => events.map(printed)));
        this.batches = [];
        this.awaited = this.sent = 0;
        this.call = this.open();
    }
  }

  /** Everything sent on the present call is answered; what arrived is what was sent, byte for byte. */
  async compare(arrivals: () => readonly string[][] | undefined): Promise<void> {
    this.road.flow();
    await Promise.all(this.batches.map(({ answer }) => answer));
    const requests = arrivals() ?? [];
    const mine = this.batches.map(({ events }) => events.map(printed));
    const ids = new Set(mine.flat().map((event) => event.slice(0, 36)));
    const isMine = ([first = '']: readonly string[]): boolean => ids.has(first.slice(0, 36));
    const arrived = requests.filter(isMine);
    expect(arrived.length).toBe(mine.length);
    expect(arrived.every((events, index) => events.join() === mine[index]?.join())).toBe(true);
    const others = new Set(this.givenUp);
    expect(
      requests
        .filter((events) => !isMine(events))
        .flat()
        .every((event) => others.has(event)),
    ).toBe(true);
    this.call.close();
  }

  private send(sizes: readonly number[]): void {
    const events = sizes.map((bytes) => sampleEvent({ data: randomBytes(bytes), metadata: randomBytes(bytes % 500) }));
    const answer = this.call.append(this.stream, measured(events), this.sent - 1);
    answer.catch(() => undefined);
    this.batches.push({ events, answer });
    this.sent += events.length;
  }
}

/** A server at the end of a road that stalls, what arrives there, and targets that go that way. */
export async function throughTheRoad() {
  const requests = new Map<string, string[][]>();
  const { port } = await scriptedServer({
    batchAppend: (call) =>
      void call
        .on('data', (bytes: Buffer) => {
          try {
            const request = batchRequest(bytes);
            const name = request.getOptions()?.getStreamIdentifier()?.getStreamName_asU8() ?? [];
            const stream = Buffer.from(name).toString();
            requests.set(stream, [...(requests.get(stream) ?? []), received(request)]);
            call.write(successFor(request));
          } catch (error) {
            call.emit('error', error); // these are not the bytes of any request: the call fails, and the test
          }
        })
        .on('error', () => undefined),
  });
  const road = await stallingRoad(port);
  const connectionString = `esdb://127.0.0.1:${road.port}?tls=false`;
  const options = { connectionString, appendBytes: 1_048_576, clock: new FakeClock(), logger: silentLogger };
  return { requests, road, target: () => eventStoreTarget(options) };
}

/** Random steps, run by run: what arrives is what was handed over, whatever the road does meanwhile. */
export async function checkRandomSteps(numRuns: number): Promise<void> {
  const { requests, road, target } = await throughTheRoad();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const open = target();
      const stream = `run-${++runs}`; // what was given up in the run before may still arrive
      const sender = new Sender(() => open.open(), stream, road);
      try {
        for (const each of steps) await sender.take(each);
        // Answered, so that no run closes a connection that is still being made: gRPC lets the next run share it.
        await sender.take({ do: 'send', sizes: [1] });
        await until(
          'everything to arrive and be answered',
          sender.compare(() => requests.get(stream)),
        );
      } finally {
        road.flow();
        await open.close();
      }
    }),
    { numRuns },
  );
}
