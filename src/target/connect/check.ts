import gossipMessages from '@eventstore/db-client/generated/gossip_pb.js';
import serverFeaturesMessages from '@eventstore/db-client/generated/serverfeatures_pb.js';
import { Metadata } from '@grpc/grpc-js';

import type { Clock } from '../../core/clock.js';
import { asBytes, type Connection } from './connection.js';
import { Connections } from './connections.js';
import { nodeName, parseConnectionString, type ConnectionSettings } from './connectionString.js';
import { targetFailure } from '../failure.js';
import { shakeHands, type Handshake } from './tlsCheck.js';

/** What a server says of itself. */
export interface ServerFacts {
  /** Empty when it does not say. */
  readonly version: string;
  /** Its own time when it answered, in milliseconds since 1970; undefined when it does not say. */
  readonly date: number | undefined;
  /** `address:port` of the node that leads; undefined when none does. */
  readonly leader: string | undefined;
  /** Nodes of the cluster that are alive. */
  readonly nodesAlive: number;
}

/** A look at the server before anything is replicated. Writes nothing. */
export interface ServerCheck {
  /** What of the connection string contradicts itself or has no effect, one sentence each. */
  readonly contradictions: readonly string[];
  /** Connects to each node named, one after the other. Never throws. */
  handshakes(): AsyncIterable<{ readonly node: string; readonly handshake: Handshake }>;
  /** Asks for version, time and leader; needs no login. @throws Failure of a Target* kind */
  facts(signal: AbortSignal): Promise<ServerFacts>;
  close(): void;
}

/** Examines the server of a connection string. Contacts nothing before the first call. */
export function checkServer(
  { connectionString, tlsCa }: { readonly connectionString: string; readonly tlsCa?: string },
  clock: Clock,
): ServerCheck {
  const settings = parseConnectionString(connectionString, tlsCa);
  const connections = new Connections(settings, clock);
  return {
    contradictions: contradictionsOf(settings, tlsCa),
    handshakes: async function* () {
      for (const node of settings.seeds) {
        yield { node: nodeName(node), handshake: await shakeHands(node, settings, clock) };
      }
    },
    facts: (signal) => factsOf(connections, signal),
    close: () => connections.close(),
  };
}

function contradictionsOf({ channel, credentials, ignored, options }: ConnectionSettings, tlsCa?: string): string[] {
  const plain = channel.insecure === true;
  return [
    ...(plain && credentials ? ['tls=false, so the user and the password that are given are never sent.'] : []),
    ...(plain && tlsCa !== undefined ? ['EVENTSTORE_TLS_CA is set, but tls=false: it has no effect.'] : []),
    ...(options.nodePreference !== undefined && options.nodePreference !== 'leader'
      ? [`nodePreference=${options.nodePreference} costs a detour: Eventferry reads from and writes to the leader.`]
      : []),
    ...ignored.map((option) => `EVENTSTORE_CONNECTION_STRING has the option ${option}, which has no effect.`),
  ];
}

async function factsOf(connections: Connections, signal: AbortSignal): Promise<ServerFacts> {
  const connection = await connections.connect(signal);
  try {
    const [features, gossip] = await Promise.all([
      ask(connection, '/event_store.client.server_features.ServerFeatures/GetSupportedMethods', signal),
      ask(connection, '/event_store.client.gossip.Gossip/Read', signal),
    ]);
    const members = gossipMessages.ClusterInfo.deserializeBinary(gossip.bytes).getMembersList();
    const alive = members.filter((member) => member.getIsAlive());
    const leader = alive
      .find((member) => member.getState() === gossipMessages.MemberInfo.VNodeState.LEADER)
      ?.getHttpEndPoint();
    return {
      version: serverFeaturesMessages.SupportedMethods.deserializeBinary(features.bytes).getEventStoreServerVersion(),
      date: gossip.date ?? features.date,
      leader: leader && nodeName({ address: leader.getAddress(), port: leader.getPort() }),
      nodesAlive: alive.length,
    };
  } catch (error) {
    throw signal.aborted ? signal.reason : targetFailure(error, connections.doing('ask the server who it is'));
  }
}

function ask({ grpc }: Connection, method: string, signal: AbortSignal) {
  return new Promise<{ readonly bytes: Buffer; readonly date: number | undefined }>((resolve, reject) => {
    let date: number | undefined;
    const call = grpc.makeUnaryRequest(method, asBytes, asBytes, Buffer.alloc(0), new Metadata(), (error, bytes) => {
      if (error || !bytes) reject(error ?? new Error('the server gave no answer'));
      else resolve({ bytes, date });
    });
    // Every HTTP server says what time it has.
    call.on('metadata', (metadata: Metadata) => {
      const time = Date.parse(String(metadata.get('date')[0] ?? ''));
      date = Number.isNaN(time) ? undefined : time;
    });
    signal.addEventListener('abort', () => call.cancel(), { once: true });
  });
}
