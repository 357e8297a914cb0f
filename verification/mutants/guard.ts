/** One thing in the code that a promise rests on, and the change that takes it away. */
export interface Guard {
  readonly name: string;
  /** What would happen without it. */
  readonly against: string;
  /** From the project's folder. */
  readonly file: string;
  /** What stands in the file, exactly once. */
  readonly text: string;
  /** What stands there instead when the guard is removed. */
  readonly mutant: string;
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

/** The file without the guard. @throws Error when the table does not fit the file any more */
export function withoutGuard(guard: Guard, source: string): string {
  const [before, after, ...more] = source.split(guard.text);
  if (before === undefined || after === undefined || more.length > 0) {
    const times = after === undefined ? 'nowhere' : `${more.length + 1} times`;
    throw new Error(`${guard.name}: the guard has moved. Its text stands ${times} in ${guard.file}:\n${guard.text}`);
  }
  return before + guard.mutant + after;
}
