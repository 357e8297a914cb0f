import serverFeaturesMessages from '@eventstore/db-client/generated/serverfeatures_pb.js';
import {
  type CallOptions,
  type Channel,
  Client,
  type ClientUnaryCall,
  connectivityState,
  credentials,
  InterceptingCall,
  Metadata,
  type Requester,
  type ServiceError,
  status,
} from '@grpc/grpc-js';

import type { OwnSockets } from './ownSockets.js';

/** How long the server may be silent while we connect, ask what it can do, or read; in milliseconds. */
export const answerMs = 15_000;

/** How the server takes appends. */
export interface AppendFeatures {
  /** It has BatchAppend (since 21.10). */
  readonly batch: boolean;
  /** A deadline may be a duration; without this, none is sent: a time of day means nothing between two clocks. */
  readonly durations: boolean;
}

/** The bytes of a message are made and read by us: gRPC passes them through. */
export const asBytes = (bytes: Buffer): Buffer => bytes;

/** An open channel to one node, and what every call on it carries. */
export class Connection {
  readonly grpc: Client;
  /** True once the node has answered a call: then a failure may mean that only the connection is stale. */
  answered = false;
  /** True once it was thrown away: calls on it fail at once. */
  closed = false;
  private asking: ClientUnaryCall | undefined;
  private known: Promise<AppendFeatures> | undefined;

  /** @param callArguments connection name, credentials and `requires-leader`; no gRPC deadline: our own clock decides */
  constructor(
    channel: Channel,
    private readonly sockets: OwnSockets,
    readonly callArguments: () => [Metadata, CallOptions],
  ) {
    this.grpc = new Client('-', credentials.createInsecure(), {
      channelOverride: channel,
      interceptors: [
        (options, next) => new InterceptingCall(next(options), isOpen(channel) ? {} : ownerOfSockets(sockets)),
      ],
    });
  }

  /** Asked once per connection. @throws the call's error */
  features(): Promise<AppendFeatures> {
    return (this.known ??= new Promise((resolve, reject) => {
      this.asking = this.grpc.makeUnaryRequest(
        '/event_store.client.server_features.ServerFeatures/GetSupportedMethods',
        asBytes,
        asBytes,
        Buffer.alloc(0),
        new Metadata(),
        (error: ServiceError | null, answer?: Buffer) => {
          if (error?.code === status.UNIMPLEMENTED) resolve({ batch: false, durations: false });
          else if (error || !answer) reject(error ?? new Error('the server gave no answer'));
          else resolve(readFeatures(answer));
        },
      );
    }));
  }

  close(): void {
    this.closed = true;
    this.asking?.cancel();
    this.grpc.close();
    this.sockets.closeMute();
  }
}

function isOpen(channel: Channel): boolean {
  return channel.getConnectivityState(false) === connectivityState.READY;
}

/** A call on a channel that is not connected opens the socket; it is open when the call is answered or has ended. */
function ownerOfSockets(sockets: OwnSockets): Requester {
  return {
    start: (metadata, _listener, start) =>
      sockets.open((end) => {
        const endAndPass = <T>(received: T, next: (received: T) => void): void => {
          end();
          next(received);
        };
        start(metadata, { onReceiveMetadata: endAndPass, onReceiveStatus: endAndPass });
      }),
  };
}

function readFeatures(answer: Buffer): AppendFeatures {
  const methods = serverFeaturesMessages.SupportedMethods.deserializeBinary(answer).getMethodsList();
  const batch = methods.find(
    (method) =>
      method.getServiceName().toLowerCase() === 'event_store.client.streams.streams' &&
      method.getMethodName().toLowerCase() === 'batchappend',
  );
  return { batch: batch !== undefined, durations: batch?.getFeaturesList().includes('deadline_duration') ?? false };
}
