import { Metadata, status, type Client, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { sharedMessages as shared } from '../../dev/eventstore/protocol/protocol.js';
import type { FakeClock } from '../support/fakeClock.js';
import type { Form, Labels } from './eventstoreScenariosMessages.js';

export const STREAMS = '/event_store.client.streams.Streams';

export const asIs = (bytes: Buffer): Buffer => bytes;

/** What a scenario is replayed with. */
export interface Session {
  readonly client: Client;
  readonly labels: Labels;
  /** The server's clock: every time that the recording tells passes on it, and no other does. */
  readonly clock: FakeClock;
}

/** Lets time pass for the server once it has taken all that was sent to it. */
export async function pass({ client, clock }: Session, ms: number): Promise<void> {
  await taken(client);
  clock.advance(ms);
  await taken(client);
}

/** Resolves when the server has taken all that was sent to it before, and what it answered at once has come. */
async function taken(client: Client): Promise<void> {
  // Calls on one connection overtake nothing; the second one also comes after what the first turn of events set off.
  for (let trips = 0; trips < 2; trips += 1) {
    await new Promise<void>((resolve) => {
      const nothing = Buffer.from(new shared.Empty().serializeBinary());
      client.makeUnaryRequest('/event_store.client.gossip.Gossip/Read', asIs, asIs, nothing, () => resolve());
    });
  }
}

/** The deadline of a call, by the server's clock, where the recording has one. */
export async function deadline(session: Session, request: Form, call: { cancel(): void }): Promise<void> {
  const { callTimeoutMs } = request;
  if (callTimeoutMs === undefined) return;
  await pass(session, Number(callTimeoutMs));
  call.cancel();
}

export function metadataOf(request: Form): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries((request['headers'] ?? {}) as Record<string, string>))
    metadata.set(key, value);
  return metadata;
}

export function statusForm({ code, details, metadata }: StatusObject | ServiceError, request: Form = {}): Form {
  if (code === status.CANCELLED && request['callTimeoutMs'] !== undefined)
    return { code: status.DEADLINE_EXCEEDED, codeName: 'DEADLINE_EXCEEDED', clientDeadline: true };
  const form = { code, codeName: status[code] };
  const trailers = Object.entries(metadata.getMap()).filter(
    ([key]) => !key.endsWith('-bin') && !key.startsWith('content-') && key !== 'date' && key !== 'server',
  );
  return {
    ...form,
    ...(code !== status.OK && details !== '' && { details }),
    ...(trailers.length > 0 && { trailers: Object.fromEntries(trailers) }),
  };
}

export const OK: Form = { code: 0, codeName: 'OK' };

/** One call with one answer. */
export async function unary(
  session: Session,
  path: string,
  bytes: Uint8Array,
  request: Form = {},
): Promise<{ status: Form; answer: Buffer | undefined }> {
  return await new Promise((resolve) => {
    const sent = Buffer.from(bytes);
    session.client.makeUnaryRequest(path, asIs, asIs, sent, metadataOf(request), (error, answer) => {
      resolve({ status: error ? statusForm(error) : OK, answer });
    });
  });
}
