import { Metadata, status, type Client } from '@grpc/grpc-js';
import { errorAnswer, timedOut, tooLarge, writeAnswer } from '../../../dev/eventstore/protocol/batchAppendAnswer.js';
import { readBatchAppend } from '../../../dev/eventstore/protocol/batchAppendMessage.js';
import { ChunkBuilder, type EventChunk } from '../../../dev/eventstore/store/eventChunk.js';
import { EventStore } from '../../../dev/eventstore/store/eventStore.js';
import { expectedNumber } from '../../../dev/eventstore/store/expectedRevision.js';
import { streamsMessages } from '../../../dev/eventstore/protocol/protocol.js';
import { eventAnswer, notFoundAnswer } from '../../../dev/eventstore/protocol/readAnswer.js';
import { readability, readBackwards, readForwards } from '../../../dev/eventstore/store/readRules.js';
import * as rpc from '../../../dev/eventstore/protocol/rpcFailure.js';
import { WireWriter } from '../../../dev/eventstore/protocol/wire.js';
import { mapEntry } from '../../../dev/eventstore/store/serverMadeEvent.js';
import type { WriteAnswer } from '../../../dev/eventstore/services/writeCall.js';
import { Caller } from './caller.js';
import type { Network } from './network.js';
import type { SimulatedProcess } from './simulatedProcess.js';

/** How long the server lets a write wait for its commit, in ms. */
const writeTimeoutMs = 2_000;

/** Called when events become visible in the target stream, with their first revision and the events as sent. */
export type CommitWatch = (first: number, events: EventChunk) => void;

export interface NodeOptions {
  readonly stream: string;
  /** The most bytes of one append, counted as data + metadata + 2 x type. */
  readonly maxAppendBytes: number;
  readonly watch: CommitWatch;
}

/**
 * A model of an EventStoreDB node for one stream, at the level of gRPC calls and their messages. The embedded server's
 * own code decides about each request. When something happens, and which answers arrive, is drawn.
 */
export class EventStoreNode {
  store: EventStore;
  /** The open connections; each is held as the function that breaks it. */
  private readonly connections = new Set<() => void>();

  constructor(
    readonly network: Network,
    readonly options: NodeOptions,
  ) {
    this.store = this.newStore();
  }

  /** Replaces the server by an empty one under the same name. */
  replace(): void {
    this.store = this.newStore();
    this.breakConnections();
  }

  breakConnections(): void {
    for (const breakOff of [...this.connections]) breakOff();
  }

  /** Connects a process; fails if the faults say so. */
  dial(process: SimulatedProcess): Promise<SimulatedConnection> {
    const { faults } = this.network;
    return this.network.call(process, {
      service: 'target',
      what: 'target.connect',
      writes: false,
      perform: () => this.connect(process),
      unreachable: () => new rpc.RpcFailure(status.UNAVAILABLE, 'Failed to discover a node'),
      denied: () => rpc.accessDenied(),
      patienceMs: 60_000,
      fails: faults.hits('dialError') ? 'refused' : undefined,
    });
  }

  private connect(process: SimulatedProcess): SimulatedConnection {
    const connection = new SimulatedConnection(this, process);
    const breakOff = (): void => connection.breakOff();
    this.connections.add(breakOff);
    process.whenDead(() => this.connections.delete(breakOff));
    return connection;
  }

  /** Takes one request of a BatchAppend call; `answer` is called later, once or never. */
  take(request: Buffer, answer: (bytes: Buffer) => void): void {
    const { faults, time } = this.network;
    const message = readBatchAppend(request, 0);
    const { correlation, options, events, bytes } = message;
    if (!correlation || options?.stream === undefined || !message.isFinal) throw new Error('an unexpected request');
    const { stream, expected } = options;
    if (stream !== this.options.stream) throw new Error('an append to another stream');
    const builder = new ChunkBuilder({ countsMetadata: true });
    for (let at = 0; at < events.length; at += 2) builder.add(bytes, events[at] ?? 0, events[at + 1] ?? 0);
    if (builder.size > this.options.maxAppendBytes) {
      return answer(errorAnswer(correlation, stream, tooLarge(this.options.maxAppendBytes)));
    }
    let answered = false;
    const say = (what: WriteAnswer): void => {
      if (answered) return;
      answered = true;
      if (!faults.hits('answerLost')) answer(writeAnswer(correlation, stream, expected, what));
    };
    const giveUp = (): void => {
      time.after(writeTimeoutMs, () => {
        if (answered) return;
        answered = true;
        answer(errorAnswer(correlation, stream, timedOut()));
      });
    };
    if (faults.hits('appendLost')) return giveUp();
    if (faults.hits('appendRefused')) return say({ kind: 'notReady' });
    const chunk = builder.build();
    this.network.trace(() => `append of ${chunk.count} expects ${expectedNumber(expected)}: ${chunk.id(0)}`);
    if (faults.hits('overtaken')) this.overtake(expectedNumber(expected) ?? -2, chunk);
    const { store } = this;
    const outcome = store.append(stream, expectedNumber(expected) ?? -2, chunk, () => {
      if (outcome.kind !== 'accepted' || store !== this.store) return; // a replaced server answers nobody
      this.options.watch(outcome.revision - chunk.count + 1, chunk);
      say({ ...outcome, kind: 'success' });
    });
    if (outcome.kind === 'accepted' || outcome.kind === 'repeatInFlight') giveUp();
    else if (outcome.kind !== 'repeat') say(outcome);
    else if (outcome.answerable) say({ ...outcome, kind: 'success' });
  }

  /** Appends as an invisible second replicator would that was faster, and whose requests end at other records. */
  private overtake(expected: number, events: EventChunk): void {
    const { store } = this;
    const first = events.take(this.network.faults.of('overtake').between(1, events.count));
    const outcome = store.append(this.options.stream, expected, first, () => {
      if (outcome.kind === 'accepted' && store === this.store)
        this.options.watch(outcome.revision - first.count + 1, first);
    });
  }

  /** Appends an event that is not of a replicator, behind whatever the stream holds. */
  appendForeign(serial: number): void {
    const id = `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}`;
    const bytes = new WireWriter()
      .message(1, new WireWriter().string(2, id))
      .message(2, mapEntry('type', 'Foreign'))
      .message(2, mapEntry('content-type', 'application/json'))
      .bytes(4, Buffer.from('{}'))
      .finish();
    const builder = new ChunkBuilder({ countsMetadata: true });
    builder.add(bytes, 0, bytes.length);
    this.store.append(this.options.stream, -2, builder.build(), () => undefined);
  }

  /** Yields the messages that answer a Read. @throws RpcFailure */
  *read(request: Buffer): Generator<Buffer> {
    const options = streamsMessages.ReadReq.deserializeBinary(request).getOptions();
    const place = options?.getStream();
    if (!options || !place) throw rpc.handlerThrew();
    const name = Buffer.from(place.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
    const from = place.hasEnd() ? undefined : Number(place.getRevision());
    const count = Number(options.getCount());
    const found = readability(this.store, name);
    if (found === 'deleted') throw rpc.streamDeleted(name);
    if (found === 'missing') {
      yield notFoundAnswer(name);
      return;
    }
    const forwards =
      options.getReadDirection() === streamsMessages.ReadReq.Options.ReadDirection.FORWARDS && from !== undefined;
    const items = forwards
      ? readForwards(this.store, found, from, count)
      : readBackwards(this.store, found, from, count);
    for (const item of items) if (item.kind === 'event') yield eventAnswer(item.ref, undefined, 'string');
  }

  private newStore(): EventStore {
    const { time, faults } = this.network;
    return new EventStore({
      persist: () => time.sleep(faults.hits('slowCommit') ? faults.of('commit').skewed(500, 10_000) : 1),
    });
  }
}

/** A connection as the code under test knows it: a gRPC client, and what every call on it carries. */
export class SimulatedConnection {
  readonly grpc: Client;
  answered = false;
  closed = false;
  private readonly calls = new Set<Caller>();

  constructor(
    private readonly node: EventStoreNode,
    private readonly process: SimulatedProcess,
  ) {
    const client = {
      makeBidiStreamRequest: () => this.open((caller) => caller.appends(this.node)),
      makeServerStreamRequest: (_path: string, _in: unknown, _out: unknown, request: Buffer) =>
        this.open((caller) => caller.reads(this.node, request)),
      close: () => this.close(),
    };
    this.grpc = client as unknown as Client;
  }

  get dropped(): boolean {
    return this.closed;
  }

  set dropped(value: boolean) {
    this.closed = value;
  }

  callArguments(): [Metadata, object] {
    return [new Metadata(), {}];
  }

  features(): Promise<{ batch: boolean; durations: boolean }> {
    return Promise.resolve({ batch: true, durations: true });
  }

  close(): void {
    this.closed = true;
  }

  breakOff(): void {
    for (const call of this.calls) call.fail(new rpc.RpcFailure(status.UNAVAILABLE, 'Connection dropped'));
    this.calls.clear();
  }

  private open(start: (caller: Caller) => void): Caller {
    const caller = new Caller(this.node.network, this.process, () => this.calls.delete(caller));
    this.calls.add(caller);
    if (this.closed) caller.fail(new rpc.RpcFailure(status.CANCELLED, 'Channel was closed'));
    else start(caller);
    return caller;
  }
}
