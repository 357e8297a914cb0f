import { netString, varint } from './tapeFrame.js';

/** One message as the application hands it to the store. */
export interface Message {
  /** Contract name, `Namespace/Name` or a bare name. */
  readonly contract: string;
  readonly body: Uint8Array;
}

/** What one append commits, as a whole or not at all. */
export interface Commit {
  /** The stream's name, such as `customer:42`. */
  readonly key: string;
  /** Names and values. Only records of the keys `audit` and `func` have attributes. */
  readonly attributes: readonly (readonly [string, string])[];
  readonly messages: readonly Message[];
}

/** The payload of a frame as Lokad.CQRS' MessageStore writes it: counted attributes, then counted messages. */
export function encodeBatch({ attributes, messages }: Pick<Commit, 'attributes' | 'messages'>): Buffer {
  return Buffer.concat([
    varint(attributes.length),
    ...attributes.flatMap(([name, value]) => [netString(name), netString(value)]),
    varint(messages.length),
    ...messages.flatMap(({ contract, body }) => [netString(contract), varint(body.length), body]),
  ]);
}
