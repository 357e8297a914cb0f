import { createRequire } from 'node:module';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type * as gossip from '@eventstore/db-client/generated/gossip_pb.js';
import type * as serverFeatures from '@eventstore/db-client/generated/serverfeatures_pb.js';
import type * as shared from '@eventstore/db-client/generated/shared_pb.js';
import type * as streams from '@eventstore/db-client/generated/streams_pb.js';

/** The generated modules that ship inside the client library are CommonJS, so they are required, not imported. */
const load = createRequire(import.meta.url);
const generated = (name: string): unknown => load(`@eventstore/db-client/generated/${name}.js`);

export const streamsMessages = generated('streams_pb') as typeof streams;
export const sharedMessages = generated('shared_pb') as typeof shared;
export const gossipMessages = generated('gossip_pb') as typeof gossip;
export const serverFeaturesMessages = generated('serverfeatures_pb') as typeof serverFeatures;

type Definition = ServiceDefinition<UntypedServiceImplementation>;
const { StreamsService } = generated('streams_grpc_pb') as { StreamsService: Definition };
export const { GossipService } = generated('gossip_grpc_pb') as { GossipService: Definition };
export const { ServerFeaturesService } = generated('serverfeatures_grpc_pb') as { ServerFeaturesService: Definition };

const asIs = (bytes: Buffer): Buffer => bytes;

/** The Streams service without decoding of appends and encoding of answers: `WireReader` and `WireWriter` do both. */
export const RawStreamsService: Definition = Object.fromEntries(
  Object.entries(StreamsService).map(([name, method]) => {
    const rawRequest = name === 'append' || name === 'batchAppend';
    const rawResponse = rawRequest || name === 'read';
    return [
      name,
      {
        ...method,
        ...(rawRequest && { requestDeserialize: asIs, requestSerialize: asIs }),
        ...(rawResponse && { responseSerialize: asIs, responseDeserialize: asIs }),
      },
    ];
  }),
);
