import { randomUUID } from 'node:crypto';
import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import statusMessages from '@eventstore/db-client/generated/status_pb.js';
import streamsMessages from '@eventstore/db-client/generated/streams_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { Any } from 'google-protobuf/google/protobuf/any_pb.js';
import { onTestFinished } from 'vitest';
import {
  gossipMessages,
  GossipService,
  RawStreamsService,
  ServerFeaturesService,
  serverFeaturesMessages,
  streamsMessages as messages,
} from '../../dev/eventstore/protocol/protocol.js';

type Batch = ServerDuplexStream<Buffer, Buffer>;

/** What a server does that only a broken or hostile one would do. */
export interface Script {
  batchAppend?: (call: Batch) => void;
  append?: (call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => void;
  read?: (call: ServerWritableStream<unknown, Buffer>) => void;
  /** The port of the node on this machine that it says leads; read at each question. */
  gossip?: { leader: number };
  /** What it says it can do; default: BatchAppend with durations. */
  features?: 'durations' | 'batch' | 'plain' | 'unimplemented';
  /** Gets that answer instead of the client. */
  hold?: (answer: () => void) => void;
}

/** A server that follows a script. */
export interface ScriptedServer {
  readonly port: number;
  readonly connectionString: string;
  /** Cuts every connection, and takes no new one. */
  shutDown(): void;
}

/** Starts a server for the running test that follows a script. */
export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  const untold = (): never => {
    throw new Error('the script says nothing about this call');
  };
  const { batchAppend = untold, append = untold, read = untold } = script;
  const handlers: Record<string, unknown> = { batchAppend, append, read, delete: untold, tombstone: untold };
  server.addService(RawStreamsService, handlers as Record<string, UntypedHandleCall>);
  server.addService(ServerFeaturesService, {
    getSupportedMethods: ((_: ServerUnaryCall<unknown, unknown>, send: sendUnaryData<unknown>) => {
      const { features = 'durations', hold = (now: () => void) => now() } = script;
      const answer: typeof send = (...parts) => hold(() => send(...parts));
      if (features === 'unimplemented') return answer({ code: status.UNIMPLEMENTED, details: 'not known here' });
      const methods = new serverFeaturesMessages.SupportedMethods().setEventStoreServerVersion('1.2.3');
      if (features === 'plain') return answer(null, methods);
      const method = new serverFeaturesMessages.SupportedMethod()
        .setServiceName('event_store.client.streams.streams')
        .setMethodName('batchappend');
      if (features === 'durations') method.addFeatures('deadline_duration');
      methods.addMethods(method);
      answer(null, methods);
    }) as UntypedHandleCall,
  });
  server.addService(GossipService, {
    read: ((_: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
      const { leader } = script.gossip ?? untold();
      const { MemberInfo, EndPoint, ClusterInfo } = gossipMessages;
      const member = new MemberInfo()
        .setInstanceId(new sharedMessages.UUID().setString(randomUUID()))
        .setTimeStamp('1')
        .setState(MemberInfo.VNodeState.LEADER)
        .setIsAlive(true)
        .setHttpEndPoint(new EndPoint().setAddress('127.0.0.1').setPort(leader));
      answer(null, new ClusterInfo().setMembersList([member]));
    }) as UntypedHandleCall,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const shutDown = (): void => server.forceShutdown();
  onTestFinished(shutDown);
  return { port, connectionString: `esdb://127.0.0.1:${port}?tls=false`, shutDown };
}

/** Reads a BatchAppend request as the client library's generated classes do. */
export function batchRequest(bytes: Buffer): BatchAppendReq {
  return messages.BatchAppendReq.deserializeBinary(bytes);
}

/** The success that a request asks for; `change` may spoil it. */
export function successFor(
  request: BatchAppendReq,
  change: (answer: BatchAppendResp) => void = () => undefined,
): Buffer {
  const options = request.getOptions();
  const expected = options?.hasNoStream() ? -1 : Number(options?.getStreamPosition());
  const answer = new streamsMessages.BatchAppendResp().setSuccess(
    new streamsMessages.BatchAppendResp.Success()
      .setCurrentRevision(String(expected + request.getProposedMessagesList().length))
      .setPosition(new sharedMessages.AllStreamPosition().setCommitPosition('10').setPreparePosition('10')),
  );
  return finished(request, answer, change);
}

/** A refusal of a request: a status whose detail is a message of shared.proto. */
export function errorFor(
  request: BatchAppendReq,
  code: number,
  type: string,
  text: string,
  detail = Buffer.alloc(0),
): Buffer {
  const any = new Any();
  any.pack(detail, `event_store.client.${type}`);
  const error = new statusMessages.Status().setCode(code).setMessage(text).setDetails(any);
  return finished(request, new streamsMessages.BatchAppendResp().setError(error), () => undefined);
}

function finished(request: BatchAppendReq, answer: BatchAppendResp, change: (answer: BatchAppendResp) => void): Buffer {
  answer.setCorrelationId(request.getCorrelationId());
  change(answer);
  return Buffer.from(answer.serializeBinary());
}
