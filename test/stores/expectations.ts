import { formattedBody } from '../../dev/writer/serviceStackJson.js';
import type { StoredEvent } from '../../dev/eventstore/eventStoreServer.js';
import type { ExpectedMessage } from '../support/stores/fixtureStores.js';

/** An event as a person would name it in a failed test: its place and its bytes. */
export interface Named {
  readonly position: number;
  readonly index: number;
  readonly count: number;
  readonly key: string;
  readonly type: string;
  readonly body: string;
  readonly attributes: unknown;
}

interface Metadata {
  readonly eventferry: {
    readonly position: number;
    readonly index: number;
    readonly count: number;
    readonly key: string;
    readonly reformatted?: string;
  };
  readonly attributes: unknown;
}

/** What the original reader returned. A payload that is not looked into is one event. */
export function namedExpected(message: ExpectedMessage): Named {
  const { storeVersion, key, index = 0, count = 1, contract = 'LegacyCommit', attributes = [] } = message;
  const body = message.body ?? message.payload ?? '';
  return { position: storeVersion, index, count, key, type: contract, body, attributes };
}

/**
 * What the target holds, its body as the tape had it: where the pretty-printer was undone, an independent formatter is
 * applied again, with the line break that the mark names.
 */
export function namedStored(event: StoredEvent): Named {
  const metadata = JSON.parse(event.metadata.toString()) as Metadata;
  const { position, index, count, key, reformatted } = metadata.eventferry;
  const body = reformatted ? formatAgain(event.data, reformatted) : event.data;
  return {
    position,
    index,
    count,
    key,
    type: event.type,
    body: body.toString('base64'),
    attributes: metadata.attributes ?? [],
  };
}

function formatAgain(json: Buffer, newline: string): Buffer {
  const formatted = formattedBody(json.toString()).toString();
  return Buffer.from(formatted.replaceAll('\r\n', newline));
}
