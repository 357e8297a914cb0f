import type { Failure } from '../../core/failure.js';

export const exitCodes = {
  done: 0,
  failed: 1,
  wrongUsage: 2,
  stoppedForAPerson: 3,
  /** The code that shells use for a program that an interrupt ended. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodesHelp = `
Exit codes:
  0  done; also when Ctrl-C or SIGTERM ended a run cleanly
  1  failed: something could not be reached, status is not healthy, or verify found a difference
  2  wrong usage or settings; nothing was contacted or changed
  3  stopped: a person must decide, nothing was appended
130  interrupted: Ctrl-C ended verify before it was done, or a second one a command at once
`;

export function exitCodeOf({ policy }: Failure): ExitCode {
  if (policy === 'stop') return exitCodes.stoppedForAPerson;
  return policy === 'usage' ? exitCodes.wrongUsage : exitCodes.failed;
}
