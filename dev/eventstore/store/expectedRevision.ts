import { ANY, NO_STREAM, STREAM_EXISTS } from './checkCommit.js';

/** The expected revision in the form that a request has. */
export type ExpectedRevision =
  { form: 'revision'; value: bigint } | { form: 'noStream' | 'any' | 'streamExists' | 'notSet' };

/** The expected revision is a number that no revision can have. */
export class RevisionOutOfRange extends Error {
  override readonly name = 'RevisionOutOfRange';
}

/**
 * The expected revision as the number that the server uses for it; undefined when it is not set. 2^64-1 means "no
 * stream"; any other number from 2^63 up throws {@link RevisionOutOfRange}.
 */
export function expectedNumber(expected: ExpectedRevision): number | undefined {
  switch (expected.form) {
    case 'revision': {
      const signed = BigInt.asIntN(64, expected.value);
      if (signed < -1n)
        throw new RevisionOutOfRange("Specified argument was out of the range of valid values. (Parameter 'value')");
      return Number(signed);
    }
    case 'noStream':
      return NO_STREAM;
    case 'any':
      return ANY;
    case 'streamExists':
      return STREAM_EXISTS;
    case 'notSet':
      return undefined;
  }
}

/** Whether the server refuses to write a stream of this name. */
export function isInvalidStream(name: string): boolean {
  return name === '' || name === '$$';
}
