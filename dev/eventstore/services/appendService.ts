import { status, type sendUnaryData, type ServerReadableStream } from '@grpc/grpc-js';
import { refusal } from '../store/admission.js';
import { readStreamName } from '../protocol/batchAppendMessage.js';
import { success } from '../protocol/batchAppendAnswer.js';
import { ChunkBuilder, EventRefused } from '../store/eventChunk.js';
import {
  expectedNumber,
  isInvalidStream,
  RevisionOutOfRange,
  type ExpectedRevision,
} from '../store/expectedRevision.js';
import type { Node } from '../node.js';
import * as rpc from '../protocol/rpcFailure.js';
import { MalformedMessage, WireReader, WireWriter } from '../protocol/wire.js';
import { carryOut, type WriteAnswer } from './writeCall.js';

interface AppendOptions {
  readonly stream: string | undefined;
  readonly expected: ExpectedRevision;
}

/** Serves Append: the client sends one message of options, then one for each event; then the server writes. */
export function append(node: Node) {
  return (call: ServerReadableStream<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const builder = new ChunkBuilder(node.limits);
    let options: (AppendOptions & { expectedNumber: number }) | undefined;
    let over = false;
    const fail = (error: unknown): void => {
      if (!over) callback(asFailure(error));
      over = true;
    };
    const guarded = (step: () => void): void => {
      if (over || node.faults.silent) return;
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };
    const refused = refusal(node, call.metadata, 'write');
    if (refused) return fail(refused);
    call.on('data', (bytes: Buffer) => {
      guarded(() => {
        if (bytes.length > rpc.MAX_MESSAGE_BYTES) throw rpc.messageTooLarge();
        if (options) addEvent(node, builder, bytes);
        else options = readOptions(bytes);
      });
    });
    call.on('cancelled', () => (over = true));
    call.on('error', () => (over = true));
    call.on('end', () => {
      guarded(() => {
        if (!options || options.stream === undefined || isInvalidStream(options.stream)) throw rpc.handlerThrew();
        const { stream, expected, expectedNumber } = options;
        const events = builder.build();
        const execute = (onCommitted: () => void) => node.store.append(stream, expectedNumber, events, onCommitted);
        carryOut(node, { stream, expected: expectedNumber, events: events.count, execute }, (answer) => {
          guarded(() => callback(null, appendAnswer(stream, expected, answer)));
        });
      });
    });
  };
}

function asFailure(error: unknown): rpc.RpcFailure {
  if (error instanceof rpc.RpcFailure) return error;
  if (error instanceof EventRefused) {
    if (error.what === 'missingType') return rpc.missingMetadataProperty('type');
    if (error.what === 'missingContentType') return rpc.missingMetadataProperty('content-type');
    return rpc.handlerThrew();
  }
  if (error instanceof MalformedMessage) return new rpc.RpcFailure(status.INTERNAL, error.message);
  if (error instanceof RevisionOutOfRange) return rpc.handlerThrew();
  throw error;
}

/** `AppendReq`: options = 1. */
function readOptions(bytes: Buffer): AppendOptions & { expectedNumber: number } {
  const reader = new WireReader(bytes);
  let options: AppendOptions | undefined;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) options = readOptionFields(reader.nested());
    else reader.skip(tag & 7);
  }
  if (!options) throw rpc.handlerThrew();
  const expected = expectedNumber(options.expected);
  if (expected === undefined) throw rpc.notAValidCase('AppendReq+Types+Options+ExpectedStreamRevisionOneofCase');
  return { ...options, expectedNumber: expected };
}

/** stream_identifier = 1, revision = 2, no_stream = 3, any = 4, stream_exists = 5. */
function readOptionFields(reader: WireReader): AppendOptions {
  let stream: string | undefined;
  let expected: ExpectedRevision = { form: 'notSet' };
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x0a) stream = readStreamName(reader.nested());
    else if (tag === 0x10) expected = { form: 'revision', value: reader.uint64() };
    else {
      reader.skip(tag & 7);
      if (tag === 0x1a) expected = { form: 'noStream' };
      else if (tag === 0x22) expected = { form: 'any' };
      else if (tag === 0x2a) expected = { form: 'streamExists' };
    }
  }
  return { stream, expected };
}

/** `AppendReq`: proposed_message = 2. */
function addEvent(node: Node, builder: ChunkBuilder, bytes: Buffer): void {
  const reader = new WireReader(bytes);
  let found = false;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === 0x12) {
      const end = reader.enter();
      builder.add(bytes, reader.position, end);
      reader.position = end;
      found = true;
    } else reader.skip(tag & 7);
  }
  if (!found) throw rpc.handlerThrew();
  const { maxAppendBytes, maxEventBytes } = node.limits;
  const { largest } = builder;
  if (maxEventBytes !== undefined && largest.size > maxEventBytes)
    throw rpc.eventTooLarge(builder.idText(largest.index), largest.size, maxEventBytes);
  if (builder.size > maxAppendBytes) throw rpc.appendTooLarge(maxAppendBytes);
}

/** An `AppendResp`: success = 1, wrong_expected_version = 2. */
function appendAnswer(stream: string, expected: ExpectedRevision, answer: WriteAnswer): Buffer {
  switch (answer.kind) {
    case 'success':
      return new WireWriter().message(1, success(answer.revision, answer.position)).finish();
    case 'wrongExpectedVersion':
      return new WireWriter().message(2, wrongExpectedVersion(answer.current, expected)).finish();
    case 'deleted':
      throw rpc.streamDeleted(stream);
    case 'timeout':
      throw rpc.operationTimedOut(answer.phase);
    case 'notReady':
      throw rpc.notReady();
  }
}

/** Fields 1 to 5 are those of version 20.6.0, 6 to 11 the ones in use since. */
function wrongExpectedVersion(current: number, expected: ExpectedRevision): WireWriter {
  const answer = new WireWriter();
  if (current >= 0) answer.uint64(1, current).uint64(6, current);
  else answer.empty(2).empty(7);
  switch (expected.form) {
    case 'revision':
      return answer.uint64(3, expected.value).uint64(8, expected.value);
    case 'any':
      return answer.empty(4).empty(9);
    case 'streamExists':
      return answer.empty(5).empty(10);
    case 'noStream':
    case 'notSet':
      return answer.uint64(3, 2n ** 64n - 1n).empty(11);
  }
}
