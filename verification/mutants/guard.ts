import type { Rule } from './rules.js';

/** One place in the code that a promise rests on. A comment marks it: see `markers.ts`. */
export interface Guard {
  readonly name: string;
  /** What would happen without it. */
  readonly against: string;
  /** The change that removes the guard from the marked code. */
  readonly rule: Rule;
  /** The tests of which one must fail then: those of a file whose names hold a text. */
  readonly noticedBy: `${string} > ${string}`;
}

/** The tests that {@link Guard.noticedBy} names. */
export interface Tests {
  readonly file: string;
  /** Text that the names of the tests hold. */
  readonly named: string;
}

export function testsOf({ noticedBy }: Guard): Tests {
  const [file = '', named = ''] = noticedBy.split(' > ');
  return { file, named };
}
