import sharedMessages from '@eventstore/db-client/generated/shared_pb.js';
import streamsMessages from '@eventstore/db-client/generated/streams_pb.js';
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { Clock } from '../../core/clock.js';
import { answerMs, asBytes, type Connection } from '../connect/connection.js';
import type { StoredEvent } from '../target.js';
import { type Doing, refused, silence, trailerOf } from '../failure.js';

const { ReadReq, ReadResp: Answer } = streamsMessages;
const { Empty, StreamIdentifier } = sharedMessages;

/** What to read of a stream. */
export interface PageQuery {
  readonly stream: string;
  /** The first revision to read, or the stream's end (backwards only). */
  readonly from: number | 'end';
  readonly direction: 'forwards' | 'backwards';
  /** Most events of the page, at least 1. */
  readonly count: number;
}

/** What the server has there. */
export type Page =
  | { readonly kind: 'missing' | 'tombstoned' }
  /** `last`: there is nothing behind the page in the direction of the read. */
  | { readonly kind: 'events'; readonly events: readonly StoredEvent[]; readonly last: boolean };

/** A page ends early, after whole events, once it holds so many bytes: a large page of large events stays small. */
const pageBytes = 4 * 1024 * 1024;

/**
 * Reads one page of a stream from the leader, links not resolved, bytes as they are stored.
 *
 * The client library's own reads are not used: they parse JSON bodies, which changes numbers, and their promises may
 * never settle.
 *
 * @throws the call's error, Failure `TargetUnreachable` after 15 s of silence, or the signal's reason
 */
export function readPage(
  connection: Connection,
  query: PageQuery,
  { clock, signal, doing }: { readonly clock: Clock; readonly signal: AbortSignal; readonly doing: Doing },
): Promise<Page> {
  return new Promise<Page>((resolve, reject) => {
    signal.throwIfAborted();
    const [metadata, options] = connection.callArguments();
    const call = connection.grpc.makeServerStreamRequest(
      '/event_store.client.streams.Streams/Read',
      asBytes,
      asBytes,
      request(query),
      metadata,
      options,
    );
    const events: StoredEvent[] = [];
    let bytes = 0;
    let missing = false;
    let heard = 0;
    const settle = (action: () => void): void => {
      stopWatch();
      signal.removeEventListener('abort', abort);
      call.removeAllListeners('data').cancel();
      action();
    };
    const abort = (): void => settle(() => reject(signal.reason as Error));
    const watch = (heardBefore: number): (() => void) =>
      clock.after(answerMs, () => {
        // guard: silent-read
        if (heard === heardBefore) return settle(() => reject(silence(doing, answerMs)));
        stopWatch = watch(heard);
      });
    let stopWatch = watch(0);
    signal.addEventListener('abort', abort);
    call.on('data', (message: Buffer) => {
      heard++;
      try {
        const answer = Answer.deserializeBinary(message);
        missing ||= answer.hasStreamNotFound();
        const event = answer.getEvent()?.getEvent();
        if (event === undefined) return;
        events.push(placed(storedEvent(event), event, query, events));
        bytes += message.length;
        if (bytes >= pageBytes && events.length < query.count) {
          settle(() => resolve({ kind: 'events', events, last: false }));
        }
      } catch (error) {
        settle(() => reject(refused(doing, `its answer cannot be understood (${(error as Error).message})`, error)));
      }
    });
    call.on('end', () => {
      connection.answered = true;
      settle(() =>
        resolve(missing ? { kind: 'missing' } : { kind: 'events', events, last: events.length < query.count }),
      );
    });
    // Stays after the page is settled: a cancelled call reports that as an error.
    call.on('error', (error) => {
      settle(() =>
        trailerOf(error, 'exception') === 'stream-deleted' ? resolve({ kind: 'tombstoned' }) : reject(error),
      );
    });
  });
}

function request({ stream, from, direction, count }: PageQuery): Buffer {
  const place = new ReadReq.Options.StreamOptions().setStreamIdentifier(
    new StreamIdentifier().setStreamName(Buffer.from(stream)),
  );
  if (from === 'end') place.setEnd(new Empty());
  else place.setRevision(String(from));
  const options = new ReadReq.Options()
    .setStream(place)
    .setReadDirection(
      direction === 'forwards' ? ReadReq.Options.ReadDirection.FORWARDS : ReadReq.Options.ReadDirection.BACKWARDS,
    )
    .setResolveLinks(false)
    .setCount(String(count))
    .setNoFilter(new Empty())
    .setUuidOption(new ReadReq.Options.UUIDOption().setString(new Empty()));
  return Buffer.from(new ReadReq().setOptions(options).serializeBinary());
}

/** Makes sure that an event is one that was asked for: reading on depends on it. @throws Error */
function placed(
  event: StoredEvent,
  recorded: ReadResp.ReadEvent.RecordedEvent,
  { stream, from, direction, count }: PageQuery,
  before: readonly StoredEvent[],
): StoredEvent {
  const name = Buffer.from(recorded.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
  // guard: stream-of-a-page
  if (name !== stream) throw new Error(`an event of stream ${name}`);
  const last = before.at(-1)?.revision;
  const step = direction === 'forwards' ? 1 : -1;
  const isNext =
    last === undefined ? from === 'end' || (event.revision - from) * step >= 0 : (event.revision - last) * step > 0;
  // guard: order-of-a-page
  if (!isNext) throw new Error(`revision ${event.revision} behind ${last ?? `a read from ${from}`}`);
  if (before.length === count) throw new Error(`more than ${count} events`);
  return event;
}

function storedEvent(event: ReadResp.ReadEvent.RecordedEvent): StoredEvent {
  const revision = Number(event.getStreamRevision());
  if (!Number.isSafeInteger(revision)) throw new Error(`revision ${event.getStreamRevision()} is out of range`);
  const system = event.getMetadataMap();
  return {
    id: event.getId()?.getString() ?? '',
    revision,
    type: system.get('type') ?? '',
    contentType: system.get('content-type') ?? '',
    data: event.getData_asU8(),
    metadata: event.getCustomMetadata_asU8(),
  };
}
