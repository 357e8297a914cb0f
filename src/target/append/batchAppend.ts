import { randomUUID } from 'node:crypto';
import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '../../core/clock.js';
import { asFailure, type Failure } from '../../core/failure.js';
import { type AppendQuestion, batchRevision, callFailure, readBatchAnswer, uncertain } from './answer.js';
import type { AppendLimit } from './limit.js';
import { batchRequest, headBytes } from './request.js';
import { answerMs, type AppendFeatures, asBytes, type Connection } from '../connect/connection.js';
import { ignoreRejection } from '../../core/time.js';
import type { AppendCall, MeasuredEvents } from '../target.js';
import type { Doing } from '../failure.js';

/** What an append call works with. */
export interface AppendParts {
  readonly connection: Connection;
  readonly features: AppendFeatures;
  /** An append to this stream, for messages. */
  readonly doing: (stream: string) => Doing;
  readonly limit: AppendLimit;
  readonly buffers: BufferPool;
  readonly clock: Clock;
  /** Told when the connection, not just one append, has failed; the last append, if any, was to `stream`. */
  readonly onLost: (error: unknown, stream: string | undefined) => void;
}

interface InFlight extends AppendQuestion {
  readonly correlationId: string;
  readonly resolve: (revision: number) => void;
  readonly reject: (failure: Failure) => void;
  readonly stopDeadline: () => void;
  readonly buffer: Buffer;
}

/** How long one append may take after its write, in milliseconds. Slow lines get time for large requests. */
export function deadlineMs(requestBytes: number): number {
  return answerMs + Math.ceil(requestBytes / 65_536) * 1_000;
}

/**
 * One BatchAppend call of our own. Requests leave in the order of the calls to {@link append}. Answers come in any
 * order and are matched by correlation id. The first failure, silence, or end of the call ends the whole call; whether
 * the server stored what is in flight then is unknown.
 *
 * The client library's own call is not used: it loses appends that the server never answers, lets the first appends
 * overtake each other, and breaks on answers that it does not expect.
 */
export class BatchAppendCall implements AppendCall {
  private readonly call: ClientDuplexStream<Buffer, Buffer>;
  /** In the order of sending. They are few, so a search costs nothing. */
  private inFlight: InFlight[] = [];
  private readonly correlationPrefix = randomUUID().slice(0, 24);
  private sent = 0;
  private lastStream: string | undefined;
  private over: Error | undefined;
  /** gRPC has given the call its status and will not touch it again. */
  private gone = false;
  private full = false;
  private waiting: (() => void)[] = [];

  constructor(private readonly parts: AppendParts) {
    const { connection } = parts;
    this.call = connection.grpc.makeBidiStreamRequest(
      '/event_store.client.streams.Streams/BatchAppend',
      asBytes,
      asBytes,
      ...connection.callArguments(),
    );
    this.call.on('data', (bytes: Buffer) => this.receive(bytes));
    this.call.on('drain', () => this.letThrough());
    // guard: end-of-the-call
    this.call.on('end', () => this.lost(new Error('the server ended the call')));
    // This listener stays to the end, since a cancelled call reports an error too.
    this.call.on('error', (error) => this.lost(error));
    this.call.on('status', () => {
      this.gone = true;
      this.giveBuffersBack();
    });
  }

  append(stream: string, { events, size }: MeasuredEvents, expected: number): Promise<number> {
    const { doing, limit, features, buffers, clock } = this.parts;
    this.lastStream = stream;
    const must = expected + events.length;
    const question: AppendQuestion = { stream, size, expected, must, doing: doing(stream), limit };
    if (this.over) return ignoreRejection(Promise.reject(uncertain(question, 'the call is over', this.over)));
    const ms = deadlineMs(size.sentBytes);
    const correlationId = this.nextCorrelationId();
    const head = { stream, expected, correlationId, deadlineSeconds: features.durations ? ms / 1_000 : undefined };
    const buffer = buffers.take(headBytes + size.sentBytes);
    const request = batchRequest(head, events, buffer);
    const answer = new Promise<number>((resolve, reject) => {
      // guard: deadline-of-an-append
      const silent = (): void => this.lost(new Error(`it did not answer within ${ms / 1_000} s`));
      const stopDeadline = clock.after(ms, silent);
      this.inFlight.push({ ...question, correlationId, resolve, reject, stopDeadline, buffer });
    });
    if (!this.call.write(request)) this.full = true;
    return ignoreRejection(answer);
  }

  writable(): Promise<void> {
    if (!this.full || this.over) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  close(): void {
    const closed = new Error('the call was closed');
    this.end(closed, (append) => uncertain(append, closed.message));
  }

  private receive(bytes: Buffer): void {
    if (this.over) return;
    try {
      const { correlationId, answer } = readBatchAnswer(bytes);
      // guard: correlation-id
      const isAnswered = (one: InFlight): boolean => one.correlationId === correlationId;
      const append = this.inFlight.find(isAnswered);
      // An answer that is not to one of ours, or comes twice, says nothing.
      if (append) this.answered(append, answer);
    } catch (error) {
      this.lost(new Error('its answer cannot be understood', { cause: error }));
    }
  }

  private answered(append: InFlight, answer: BatchAppendResp): void {
    this.parts.connection.answered = true;
    this.inFlight = this.inFlight.filter((one) => one !== append);
    append.stopDeadline();
    this.parts.buffers.give(append.buffer);
    try {
      append.resolve(batchRevision(answer, append));
    } catch (error) {
      const failure = asFailure(error);
      append.reject(failure); // first, because this failure says more than those that follow from it
      // guard: first-failure-ends-the-call
      this.end(failure, (other) => uncertain(other, `another append of the call failed (${failure.message})`, failure));
    }
  }

  /** The call or its connection is lost, and with it every append in flight. */
  private lost(error: Error): void {
    if (this.over) return;
    this.end(error, (append) => callFailure(error, append));
    this.parts.onLost(error, this.lastStream);
  }

  private end(why: Error, failureOf: (append: InFlight) => Failure): void {
    if (this.over) return;
    this.over = why;
    this.call.cancel();
    for (const append of this.inFlight) {
      append.stopDeadline();
      append.reject(failureOf(append));
    }
    this.giveBuffersBack();
    this.letThrough();
  }

  /** Gives the buffers of what was in flight back once gRPC is done with the call and reads them no more. */
  private giveBuffersBack(): void {
    // guard: buffers-of-a-call
    if (!this.over || !this.gone) return;
    for (const { buffer } of this.inFlight) this.parts.buffers.give(buffer);
    this.inFlight = [];
  }

  private letThrough(): void {
    this.full = false;
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  private nextCorrelationId(): string {
    return this.correlationPrefix + (++this.sent).toString(16).padStart(12, '0');
  }
}

const minBufferBytes = 64 * 1024;

/**
 * Buffers for requests. A buffer serves one request and comes back only when nothing can read it any more: gRPC may
 * copy a message long after it got it (before the call is connected, or under flow control).
 */
export class BufferPool {
  private kept: Buffer[] = [];
  private keptBytes = 0;

  /** @param maxKeptBytes idle buffers hold at most this much memory */
  constructor(private readonly maxKeptBytes: number) {}

  /** A buffer of at least `bytes`, with whatever it held before. */
  take(bytes: number): Buffer {
    const buffer = this.kept.find((one) => one.length >= bytes);
    if (buffer === undefined) return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(Math.max(bytes, minBufferBytes))));
    // guard: buffer-of-one-request
    this.kept.splice(this.kept.indexOf(buffer), 1);
    this.keptBytes -= buffer.length;
    return buffer;
  }

  give(buffer: Buffer): void {
    if (this.keptBytes + buffer.length > this.maxKeptBytes) return;
    this.kept.push(buffer);
    this.keptBytes += buffer.length;
  }
}
