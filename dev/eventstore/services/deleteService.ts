import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type { DeleteReq, DeleteResp, TombstoneReq, TombstoneResp } from '@eventstore/db-client/generated/streams_pb.js';
import { refusal } from '../store/admission.js';
import { expectedNumber, isInvalidStream, type ExpectedRevision } from '../store/expectedRevision.js';
import type { WriteOutcome } from '../store/eventStore.js';
import type { Node } from '../node.js';
import { streamsMessages } from '../protocol/protocol.js';
import * as rpc from '../protocol/rpcFailure.js';
import { carryOut, type WriteAnswer } from './writeCall.js';

/** Serves Delete: the stream is hidden but can be written again. */
export function softDelete(node: Node) {
  return (call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>): void => {
    remove(
      node,
      call,
      'DeleteReq',
      (stream, expected, then) => node.store.softDelete(stream, expected, then),
      (error, position) => {
        if (error) return callback(error);
        const at = new streamsMessages.DeleteResp.Position().setCommitPosition(position).setPreparePosition(position);
        callback(null, new streamsMessages.DeleteResp().setPosition(at));
      },
    );
  };
}

/** Serves Tombstone: the stream is deleted and its name can never be used again. */
export function tombstone(node: Node) {
  return (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, callback: sendUnaryData<TombstoneResp>): void => {
    remove(
      node,
      call,
      'TombstoneReq',
      (stream, expected, then) => node.store.tombstone(stream, expected, then),
      (error, position) => {
        if (error) return callback(error);
        const at = new streamsMessages.TombstoneResp.Position()
          .setCommitPosition(position)
          .setPreparePosition(position);
        callback(null, new streamsMessages.TombstoneResp().setPosition(at));
      },
    );
  };
}

type Execute = (stream: string, expected: number, onCommitted: () => void) => WriteOutcome;
type Reply = (error: rpc.RpcFailure | null, position: string) => void;

function remove(
  node: Node,
  call: ServerUnaryCall<DeleteReq | TombstoneReq, unknown>,
  request: 'DeleteReq' | 'TombstoneReq',
  execute: Execute,
  reply: Reply,
): void {
  const refused = refusal(node, call.metadata, 'write') ?? malformed(call.request, request);
  if (refused) return reply(refused, '');
  const { stream, expected } = targetOf(call.request);
  const number = expectedNumber(expected) ?? 0;
  const write = { stream, expected: number, events: 0, execute: (then: () => void) => execute(stream, number, then) };
  carryOut(node, write, (answer) => {
    if (answer.kind === 'success') reply(null, String(answer.position ?? 0));
    else reply(failureOf(answer, stream, String(number)), '');
  });
}

function failureOf(
  answer: Exclude<WriteAnswer, { kind: 'success' }>,
  stream: string,
  expected: string,
): rpc.RpcFailure {
  switch (answer.kind) {
    case 'wrongExpectedVersion':
      return rpc.deleteConflict(stream, expected, answer.current);
    case 'deleted':
      return rpc.streamDeleted(stream);
    case 'timeout':
      return rpc.operationTimedOut(answer.phase);
    case 'notReady':
      return rpc.notReady();
  }
}

function targetOf(request: DeleteReq | TombstoneReq): { stream: string; expected: ExpectedRevision } {
  const options = request.getOptions();
  const stream = Buffer.from(options?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
  const expected: ExpectedRevision = options?.hasRevision()
    ? { form: 'revision', value: BigInt(options.getRevision()) }
    : {
        form: options?.hasNoStream()
          ? 'noStream'
          : options?.hasAny()
            ? 'any'
            : options?.hasStreamExists()
              ? 'streamExists'
              : 'notSet',
      };
  return { stream, expected };
}

function malformed(request: DeleteReq | TombstoneReq, name: string): rpc.RpcFailure | undefined {
  if (!request.hasOptions()) return rpc.handlerThrew();
  const { stream, expected } = targetOf(request);
  if (expected.form === 'notSet') return rpc.notAValidCase(`${name}+Types+Options+ExpectedStreamRevisionOneofCase`);
  if (expected.form === 'revision' && BigInt.asIntN(64, expected.value) < -1n) return rpc.handlerThrew();
  return isInvalidStream(stream) ? rpc.handlerThrew() : undefined;
}
