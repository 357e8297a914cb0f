import { status, type ServerDuplexStream } from '@grpc/grpc-js';
import { refusal } from '../store/admission.js';
import {
  badRequest,
  errorAnswer,
  eventTooLarge,
  timedOut,
  tooLarge,
  writeAnswer,
} from '../protocol/batchAppendAnswer.js';
import { readBatchAppend, type BatchAppendMessage, type BatchAppendOptions } from '../protocol/batchAppendMessage.js';
import { ChunkBuilder, EventRefused } from '../store/eventChunk.js';
import {
  expectedNumber,
  isInvalidStream,
  RevisionOutOfRange,
  type ExpectedRevision,
} from '../store/expectedRevision.js';
import type { Node } from '../node.js';
import {
  handlerThrew,
  MAX_MESSAGE_BYTES,
  messageTooLarge,
  notLeader,
  notReady,
  RpcFailure,
} from '../protocol/rpcFailure.js';
import { isEmptyUuid, readUuid, uuidKey, uuidMessage, UnrecognizedUuid, UUID_WORDS } from '../protocol/uuid.js';
import { carryOut } from './writeCall.js';

/** An append whose final message has not come yet. */
interface PendingAppend {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly expectedNumber: number;
  readonly builder: ChunkBuilder;
  readonly cancelTimeout: () => void;
}

type Call = ServerDuplexStream<Buffer, Buffer>;

/** Makes one append fail; the call goes on. */
class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** Serves one BatchAppend call: many appends, each in one message or several, answered as they complete. */
export function batchAppend(node: Node): (call: Call) => void {
  return (call) => {
    const refused = refusal(node, call.metadata, 'write');
    if (refused) call.emit('error', refused);
    else new BatchAppendCall(node, call).serve();
  };
}

class BatchAppendCall {
  private readonly pending = new Map<string, PendingAppend>();
  /** The number of writes that are not answered yet. */
  private unanswered = 0;
  private halfClosed = false;
  private over = false;

  constructor(
    private readonly node: Node,
    private readonly call: Call,
  ) {}

  serve(): void {
    const end = (): void => this.end();
    this.node.batchAppendCalls.add(end);
    const forget = (): void => {
      this.over = true;
      this.node.batchAppendCalls.delete(end);
      for (const { cancelTimeout } of this.pending.values()) cancelTimeout();
      this.pending.clear();
    };
    this.call.on('data', (bytes: Buffer) => {
      if (this.over) return;
      try {
        if (bytes.length > MAX_MESSAGE_BYTES) throw messageTooLarge();
        this.take(readBatchAppend(bytes, this.node.clock.now()));
      } catch (error) {
        this.fail(error instanceof RpcFailure ? error : new RpcFailure(status.INTERNAL, (error as Error).message));
      }
    });
    this.call.on('end', () => (this.halfClosed = true));
    this.call.on('cancelled', forget);
    this.call.on('close', forget);
    this.call.on('error', forget);
  }

  private take(message: BatchAppendMessage): void {
    if (this.node.faults.silent) return;
    const { leader, refuse } = this.node.faults;
    if (refuse) throw notReady();
    if (leader) throw notLeader(leader);
    try {
      this.takeFragment(message);
    } catch (error) {
      const expected =
        error instanceof BadRequest ||
        error instanceof EventRefused ||
        error instanceof RevisionOutOfRange ||
        error instanceof UnrecognizedUuid;
      if (!expected) throw error;
      // The real server takes the stream's name for its answer from the options, and throws when there are none.
      if (!message.options) throw handlerThrew();
      this.send(errorAnswer(message.correlation, message.options.stream, badRequest(error.message)));
    }
  }

  private takeFragment(message: BatchAppendMessage): void {
    const { correlation, options, bytes, events } = message;
    if (!correlation) throw new BadRequest("Value cannot be null. (Parameter 'dto')");
    const id = new Uint32Array(UUID_WORDS);
    readUuid(correlation, 0, correlation.length, id, 0);
    const key = uuidKey(id, 0);
    if (options) {
      const timeoutMs = Math.min(options.timeoutMs ?? Infinity, this.node.limits.writeTimeoutMs);
      if (options.stream === undefined) throw new BadRequest('Object reference not set to an instance of an object.');
      if (timeoutMs <= 0) return this.send(errorAnswer(correlation, options.stream, timedOut()));
      if (!this.pending.has(key)) this.pending.set(key, this.begin(key, id, options, options.stream, timeoutMs));
    }
    const append = this.pending.get(key);
    if (!append) return;
    for (let at = 0; at < events.length; at += 2) append.builder.add(bytes, events[at] ?? 0, events[at + 1] ?? 0);
    const oversize = this.oversize(append.builder);
    if (oversize) {
      this.remove(key);
      return this.send(errorAnswer(correlation, append.stream, oversize));
    }
    if (!message.isFinal) return;
    this.remove(key);
    if (isInvalidStream(append.stream))
      throw new BadRequest("Specified argument was out of the range of valid values. (Parameter 'eventStreamId')");
    if (isEmptyUuid(id, 0)) throw new BadRequest("correlationId (Parameter 'correlationId should be non-empty GUID.')");
    this.write(correlation, append);
  }

  private begin(
    key: string,
    id: Uint32Array,
    options: BatchAppendOptions,
    stream: string,
    timeoutMs: number,
  ): PendingAppend {
    const expected = expectedNumber(options.expected);
    if (expected === undefined)
      throw new BadRequest(
        'Status(StatusCode="InvalidArgument", Detail="\'None\' is not a valid EventStore.Client.Streams.BatchAppendReq+Types+Options+ExpectedStreamPositionOneofCase")',
      );
    const cancelTimeout = this.node.clock.after(timeoutMs, () => {
      this.pending.delete(key);
      this.send(errorAnswer(uuidMessage(id, 0, 'structured').finish(), stream, timedOut()));
    });
    const builder = new ChunkBuilder(this.node.limits);
    return { stream, expected: options.expected, expectedNumber: expected, builder, cancelTimeout };
  }

  private remove(key: string): void {
    this.pending.get(key)?.cancelTimeout();
    this.pending.delete(key);
  }

  private oversize(builder: ChunkBuilder): ReturnType<typeof tooLarge> | undefined {
    const { maxAppendBytes, maxEventBytes } = this.node.limits;
    const { largest } = builder;
    if (maxEventBytes !== undefined && largest.size > maxEventBytes)
      return eventTooLarge(builder.idText(largest.index), largest.size, maxEventBytes);
    return builder.size > maxAppendBytes ? tooLarge(maxAppendBytes) : undefined;
  }

  private write(correlation: Buffer, { stream, expected, expectedNumber, builder }: PendingAppend): void {
    const events = builder.build();
    this.unanswered++;
    carryOut(
      this.node,
      {
        stream,
        expected: expectedNumber,
        events: events.count,
        execute: (onCommitted) => this.node.store.append(stream, expectedNumber, events, onCommitted),
      },
      (answer) => {
        this.send(writeAnswer(correlation, stream, expected, answer));
        this.unanswered--;
      },
    );
  }

  private send(answer: Buffer): void {
    if (this.over) return;
    this.call.write(answer);
    // As the real server does: after the client has ended its side, the first answer ends the call. Other answers that
    // are due are lost, and a call without an answer that is due stays open.
    if (this.halfClosed && this.unanswered > 0) this.end();
  }

  private end(): void {
    if (!this.over) this.call.end();
    this.over = true;
  }

  private fail(failure: RpcFailure): void {
    if (!this.over) this.call.emit('error', failure);
    this.over = true;
  }
}
