import { status, type ServerWritableStream } from '@grpc/grpc-js';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { refusal } from '../store/admission.js';
import type { Node } from '../node.js';
import { streamsMessages } from '../protocol/protocol.js';
import { eventAnswer, notFoundAnswer, positionAnswer, type UuidForm } from '../protocol/readAnswer.js';
import {
  readAll,
  readability,
  readBackwards,
  readForwards,
  resolveLink,
  type EventFilter,
} from '../store/readRules.js';
import * as rpc from '../protocol/rpcFailure.js';
import type { EventRef } from '../store/streamState.js';

type Call = ServerWritableStream<ReadReq, Buffer>;
type Options = ReadReq.Options;

/** Serves Read: of one stream or of `$all`. Subscriptions are not served. */
export function read(node: Node) {
  return (call: Call): void => {
    const refused = refusal(node, call.metadata, 'read');
    if (refused) return void call.emit('error', refused);
    if (node.faults.silent) return;
    node.faults.answer(() => {
      answer(node, call).catch((error: unknown) => {
        const failure = error instanceof rpc.RpcFailure ? error : new rpc.RpcFailure(status.INTERNAL, String(error));
        call.emit('error', failure);
      });
    });
  };
}

async function answer(node: Node, call: Call): Promise<void> {
  const options = call.request.getOptions();
  if (!options) throw rpc.handlerThrew();
  checkCombination(options);
  let wake = (): void => undefined;
  for (const event of ['drain', 'close', 'cancelled']) call.on(event, () => wake());
  for (const message of answers(node, options)) {
    // When the request names no form of ids, the real server fails while it writes an event, and never answers.
    if (message === 'silence' || call.cancelled || call.destroyed) return;
    if (!call.write(message)) await new Promise<void>((resolve) => (wake = resolve));
  }
  call.end();
}

/** Refuses a combination of oneof cases that the server does not serve; the server names it by its .NET names. */
function checkCombination(options: Options): void {
  const { StreamOptionCase, CountOptionCase, FilterOptionCase } = streamsMessages.ReadReq.Options;
  const stream =
    { [StreamOptionCase.STREAM]: 'Stream', [StreamOptionCase.ALL]: 'All' }[options.getStreamOptionCase() as number] ??
    'None';
  const count =
    { [CountOptionCase.COUNT]: 'Count', [CountOptionCase.SUBSCRIPTION]: 'Subscription' }[
      options.getCountOptionCase() as number
    ] ?? 'None';
  const filter =
    { [FilterOptionCase.FILTER]: 'Filter', [FilterOptionCase.NO_FILTER]: 'NoFilter' }[
      options.getFilterOptionCase() as number
    ] ?? 'None';
  const direction = isForwards(options) ? 'Forwards' : 'Backwards';
  const known =
    (stream === 'Stream' && filter === 'NoFilter') ||
    (stream === 'All' && (filter === 'NoFilter' || filter === 'Filter'));
  if (!known || count === 'None' || (count === 'Subscription' && direction === 'Backwards'))
    throw rpc.invalidCombination([stream, count, direction, filter]);
  if (count === 'Subscription')
    throw new rpc.RpcFailure(status.UNIMPLEMENTED, 'The embedded server does not serve subscriptions.');
}

function isForwards(options: Options): boolean {
  return options.getReadDirection() === streamsMessages.ReadReq.Options.ReadDirection.FORWARDS;
}

function answers(node: Node, options: Options): Iterable<Buffer | 'silence'> {
  return options.hasAll() ? allAnswers(node, options) : streamAnswers(node, options);
}

function* streamAnswers(node: Node, options: Options): Generator<Buffer | 'silence'> {
  const stream = options.getStream();
  const name = Buffer.from(stream?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
  const from =
    stream && startOf(stream.hasStart(), stream.hasEnd(), stream.hasRevision() ? stream.getRevision() : undefined);
  if (name === '' || from === undefined) throw rpc.handlerThrew();
  const count = Number(options.getCount());
  const forwards = isForwards(options);
  if (count === 0 || (forwards && from === 'end')) throw rpc.unexpectedReadResult();

  const found = readability(node.store, name);
  if (found === 'deleted') throw rpc.streamDeleted(name);
  if (found === 'missing') {
    yield notFoundAnswer(name);
    return;
  }
  const items =
    forwards && from !== 'end'
      ? readForwards(node.store, found, from, count)
      : readBackwards(node.store, found, from === 'end' ? undefined : from, count);
  const withPositions = options.getControlOption()?.getCompatibility() === 1;
  const encode = encoder(node, options);
  for (const item of items) {
    if (item.kind === 'event') yield encode(item.ref);
    else if (withPositions) yield positionAnswer(item.kind, item.revision);
  }
}

function* allAnswers(node: Node, options: Options): Generator<Buffer | 'silence'> {
  const all = options.getAll();
  const from = all && startOf(all.hasStart(), all.hasEnd(), all.getPosition()?.getCommitPosition());
  if (from === undefined) throw rpc.handlerThrew();
  const direction = isForwards(options) ? 'forwards' : 'backwards';
  const start = from === 'end' ? Infinity : from;
  const encode = encoder(node, options);
  for (const ref of readAll(node.store, direction, start, Number(options.getCount()), filterOf(options)))
    yield encode(ref);
}

/** Where a read starts. 2^64-1 means the end; the server cannot hold any other number from 2^63 up. */
function startOf(atStart: boolean, atEnd: boolean, number: string | undefined): number | 'end' | undefined {
  if (atStart) return 0;
  if (atEnd) return 'end';
  if (number === undefined) return undefined;
  const signed = BigInt.asIntN(64, BigInt(number));
  if (signed === -1n) return 'end';
  return signed < 0n ? undefined : Number(signed);
}

function encoder(node: Node, options: Options): (ref: EventRef) => Buffer | 'silence' {
  const uuid = options.getUuidOption();
  const form: UuidForm | undefined = uuid?.hasStructured() ? 'structured' : uuid?.hasString() ? 'string' : undefined;
  if (!form) return () => 'silence';
  if (!options.getResolveLinks()) return (ref) => eventAnswer(ref, undefined, form);
  return (ref) => {
    const link = resolveLink(node.store, ref);
    return link === 'notALink' ? eventAnswer(ref, undefined, form) : eventAnswer(link.target, ref, form);
  };
}

function filterOf(options: Options): EventFilter {
  const filter = options.getFilter();
  const expression = filter?.getStreamIdentifier() ?? filter?.getEventType();
  if (!filter || !expression) return () => true;
  const regex = expression.getRegex() === '' ? undefined : new RegExp(expression.getRegex());
  const prefixes = expression.getPrefixList();
  return ({ stored, index }) => {
    const text = filter.hasStreamIdentifier() ? stored.stream.name : stored.events.type(index);
    return regex ? regex.test(text) : prefixes.some((prefix) => text.startsWith(prefix));
  };
}
