import { randomUUID } from 'node:crypto';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import type { ClusterInfo, MemberInfo } from '@eventstore/db-client/generated/gossip_pb.js';
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js';
import { refusal } from '../store/admission.js';
import type { Node } from '../node.js';
import { gossipMessages, serverFeaturesMessages, sharedMessages } from '../protocol/protocol.js';

/** The version of EventStoreDB that this server imitates. */
export const SERVER_VERSION = '23.10.8';

/** The methods that a server of this version announces, without those of projections. Many are not served here. */
const METHODS: Record<string, readonly (string | [method: string, ...features: string[]])[]> = {
  'event_store.client.gossip.gossip': ['read'],
  'event_store.client.monitoring.monitoring': ['stats'],
  'event_store.client.operations.operations': [
    'mergeindexes',
    'resignnode',
    'restartpersistentsubscriptions',
    'setnodepriority',
    'shutdown',
    'startscavenge',
    'stopscavenge',
  ],
  'event_store.client.persistent_subscriptions.persistentsubscriptions': [
    'create',
    'delete',
    'getinfo',
    'list',
    'read',
    'replayparked',
    'restartsubsystem',
    'update',
  ].map((method) => [method, 'stream', 'all']),
  'event_store.client.redaction.redaction': ['geteventpositions', 'switchchunks'],
  'event_store.client.server_features.serverfeatures': ['getsupportedmethods'],
  'event_store.client.streams.streams': [
    'append',
    ['batchappend', 'deadline_duration'],
    'delete',
    ['read', 'position', 'events'],
    'tombstone',
  ],
  'event_store.client.users.users': [
    'changepassword',
    'create',
    'delete',
    'details',
    'disable',
    'enable',
    'resetpassword',
    'update',
  ],
};

/** Serves ServerFeatures: clients ask once per channel, to choose between BatchAppend and Append. */
export function supportedMethods(node: Node) {
  return (call: ServerUnaryCall<unknown, SupportedMethods>, callback: sendUnaryData<SupportedMethods>): void => {
    const refused = refusal(node, call.metadata, 'anonymous');
    if (refused) return callback(refused);
    const methods = Object.entries(METHODS).flatMap(([service, names]) =>
      names.map((name) => {
        const [method = '', ...features] = typeof name === 'string' ? [name] : name;
        return new serverFeaturesMessages.SupportedMethod()
          .setServiceName(service)
          .setMethodName(method)
          .setFeaturesList(features);
      }),
    );
    const answer = new serverFeaturesMessages.SupportedMethods()
      .setMethodsList(methods)
      .setEventStoreServerVersion(SERVER_VERSION);
    node.faults.answer(() => callback(null, answer));
  };
}

/** Serves Gossip: this node leads, unless a fault names another one. */
export function gossip(node: Node) {
  const id = newInstanceId();
  return (call: ServerUnaryCall<unknown, ClusterInfo>, callback: sendUnaryData<ClusterInfo>): void => {
    const refused = refusal(node, call.metadata, 'anonymous');
    if (refused) return callback(refused);
    const { VNodeState } = gossipMessages.MemberInfo;
    const { leader } = node.faults;
    const members = leader
      ? [member(id, VNodeState.FOLLOWER, node.address), member(newInstanceId(), VNodeState.LEADER, leader)]
      : [member(id, VNodeState.LEADER, node.address)];
    node.faults.answer(() => callback(null, new gossipMessages.ClusterInfo().setMembersList(members)));
  };
}

/** The client library accepts nothing but a proper UUID. */
function newInstanceId(): Buffer {
  return Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
}

function member(id: Buffer, state: MemberInfo.VNodeState, { host, port }: { host: string; port: number }): MemberInfo {
  const uuid = new sharedMessages.UUID.Structured()
    .setMostSignificantBits(String(id.readBigInt64BE(0)))
    .setLeastSignificantBits(String(id.readBigInt64BE(8)));
  return new gossipMessages.MemberInfo()
    .setInstanceId(new sharedMessages.UUID().setStructured(uuid))
    .setTimeStamp(String(Date.now() * 10_000))
    .setState(state)
    .setIsAlive(true)
    .setHttpEndPoint(new gossipMessages.EndPoint().setAddress(host).setPort(port));
}
