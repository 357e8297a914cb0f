import { EventStoreDBClient } from '@eventstore/db-client';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { ChannelCredentials } from '@grpc/grpc-js';
import type { Channel } from '@grpc/grpc-js';

/** An event as the server holds it, its bytes untouched. */
export interface RawEvent {
  readonly revision: number;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** What the client library opens, kept by it from TypeScript alone. */
interface Opened {
  getChannel(): Promise<Channel>;
}

/**
 * The events of a stream in order; none when there is no such stream. The client library's own `readStream` parses
 * JSON, which hides what the bytes were; this reads over its channel without that.
 */
export async function* storedEvents(connectionString: string, stream: string, from = 0): AsyncGenerator<RawEvent> {
  const client = EventStoreDBClient.connectionString(connectionString);
  const channel = await (client as unknown as Opened).getChannel();
  try {
    const calls = new StreamsClient('', ChannelCredentials.createInsecure(), { channelOverride: channel });
    for await (const answer of calls.read(request(stream, from)) as AsyncIterable<
      InstanceType<typeof streams.ReadResp>
    >) {
      const recorded = answer.getEvent()?.getEvent();
      if (recorded === undefined) continue;
      yield {
        revision: Number(recorded.getStreamRevision()),
        type: recorded.getMetadataMap().get('type') ?? '',
        contentType: recorded.getMetadataMap().get('content-type') ?? '',
        data: recorded.getData_asU8(),
        metadata: recorded.getCustomMetadata_asU8(),
      };
    }
  } finally {
    channel.close();
  }
}

function request(stream: string, from: number): InstanceType<typeof streams.ReadReq> {
  const nothing = new shared.Empty();
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream).toString('base64'));
  const place = new streams.ReadReq.Options.StreamOptions();
  place.setStreamIdentifier(identifier);
  place.setRevision(String(from));
  const uuidForm = new streams.ReadReq.Options.UUIDOption();
  uuidForm.setString(nothing);
  const options = new streams.ReadReq.Options();
  options.setStream(place);
  options.setReadDirection(0);
  options.setCount(String(Number.MAX_SAFE_INTEGER));
  options.setUuidOption(uuidForm);
  options.setNoFilter(nothing);
  const read = new streams.ReadReq();
  read.setOptions(options);
  return read;
}
