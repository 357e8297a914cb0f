import type { Rule } from './rules.js';

/** One thing in the code that a promise rests on. In the code it is marked: see `markers.ts`. */
export interface Guard {
  readonly name: string;
  /** What would happen without it. */
  readonly against: string;
  /** How the marked code is changed so that it does not guard any more. */
  readonly rule: Rule;
  /** What must fail then: a test file, or in it the tests whose names hold what stands behind ` > `. */
  readonly noticedBy: string;
}

/** Test files, or tests in them, as {@link Guard.noticedBy} names them. */
export interface Tests {
  readonly file: string;
  /** Absent: all of the file. */
  readonly named?: string;
}

export function testsOf({ noticedBy }: Guard): Tests {
  const [file = '', named] = noticedBy.split(' > ');
  return { file, ...(named !== undefined && { named }) };
}
