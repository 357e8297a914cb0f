import { discoverEndpoint } from '@eventstore/db-client/dist/Client/discovery.js';
import {
  CallCredentials,
  type CallOptions,
  Channel,
  type ChannelCredentials,
  Client,
  credentials as grpcCredentials,
  Metadata,
} from '@grpc/grpc-js';

import { asBytes, Connection } from './connection.js';
import { nodeName, type ConnectionSettings, type Endpoint } from './connectionString.js';
import type { OwnSockets } from './ownSockets.js';

/** As the client library has them unless the connection string says otherwise; in milliseconds. */
const keepAliveMs = 10_000;
/** The server's own tools write events of up to 16 MiB; a page of a stream must be able to hold one. */
const maxReceivedBytes = 17 * 1024 * 1024;

/**
 * Finds the node to talk to (the client library's discovery, unless the leader is known or there is one node only) and
 * opens a channel to it, which shares nothing with any other.
 *
 * @throws the error of the first seed that gives one, when no node is found
 */
export async function dialNode(
  settings: ConnectionSettings,
  name: string,
  leader: Endpoint | undefined,
  sockets: OwnSockets,
): Promise<Connection> {
  const credentials = ownCredentials(settings);
  const node = leader ?? (await findNode(settings, credentials));
  const { keepAliveInterval = keepAliveMs, keepAliveTimeout = keepAliveMs } = settings.options;
  const channel = new Channel(nodeName(node), credentials, {
    'grpc.keepalive_time_ms': keepAliveInterval < 0 ? Number.MAX_VALUE : keepAliveInterval,
    'grpc.keepalive_timeout_ms': keepAliveTimeout < 0 ? Number.MAX_VALUE : keepAliveTimeout,
    'grpc.max_receive_message_length': maxReceivedBytes,
  });
  return new Connection(channel, sockets, () => [metadataOf(name), loginOf(settings)]);
}

/**
 * gRPC lets channels with equal credentials share one connection, with its backoff: a channel that is closed while it
 * connects would make the next one to the same node wait. These are equal to no others.
 */
function ownCredentials({ channel }: ConnectionSettings): ChannelCredentials {
  const { insecure, rootCertificate, userKeyFile, userCertFile } = channel;
  const own = insecure
    ? grpcCredentials.createInsecure()
    : grpcCredentials.createSsl(rootCertificate ?? null, userKeyFile ?? null, userCertFile ?? null);
  own._equals = (other) => other === own;
  return own;
}

async function findNode(settings: ConnectionSettings, credentials: ChannelCredentials): Promise<Endpoint> {
  const { seeds, dnsDiscover, options } = settings;
  const [first, ...others] = seeds;
  if (!dnsDiscover && others.length === 0) return first;
  try {
    return await discoverEndpoint(
      dnsDiscover ? { ...options, discover: first } : { ...options, endpoints: [...seeds] },
      credentials,
    );
  } catch (error) {
    throw (await diagnose(settings)) ?? error;
  }
}

function metadataOf(connectionName: string): Metadata {
  const metadata = new Metadata();
  metadata.add('connection-name', connectionName);
  // guard: requires-leader
  metadata.add('requires-leader', 'true');
  return metadata;
}

/** Over plain TCP a password is never sent. */
function loginOf({ credentials, channel }: ConnectionSettings): CallOptions {
  if (!credentials || channel.insecure) return {};
  const { username, password } = credentials;
  const metadata = new Metadata();
  metadata.add('authorization', `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  return { credentials: CallCredentials.createFromMetadataGenerator((_, answer) => answer(null, metadata)) };
}

/** Discovery does not say why it failed: the seeds are asked for their gossip here. */
async function diagnose(settings: ConnectionSettings): Promise<Error | undefined> {
  for (const seed of settings.seeds) {
    const error = await gossipError(seed, settings);
    if (error !== undefined) return error;
  }
  return undefined;
}

function gossipError(seed: Endpoint, settings: ConnectionSettings): Promise<Error | undefined> {
  const client = new Client(nodeName(seed), ownCredentials(settings));
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      '/event_store.client.gossip.Gossip/Read',
      asBytes,
      asBytes,
      Buffer.alloc(0),
      new Metadata(),
      { deadline: Date.now() + 2_000 },
      (error) => {
        client.close();
        resolve(error ?? undefined);
      },
    );
  });
}
