import type { Clock } from '../core/clock.js';
import type { Environment } from '../config/config.js';
import type { ExitCode } from './terminal/exitCodes.js';

/** A stream for output: a terminal, a file or a pipe. */
export interface OutputStream extends NodeJS.WritableStream {
  /** True for a terminal; all that follows is known of a terminal only. */
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  hasColors?(): boolean;
}

/**
 * All that the command line uses of the process it runs in. `main.ts` makes one of Node's `process`; two command lines
 * in one process, each with a host of its own, know nothing of each other.
 */
export interface Host {
  readonly env: Environment;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Takes results. */
  readonly stdout: OutputStream;
  /** Takes everything else that is said. */
  readonly stderr: OutputStream;
  readonly clock: Clock;
  /** Calls back at each Ctrl-C and SIGTERM, until the function that it returns is called. */
  onInterrupt(callback: () => void): () => void;
  /** Ends the process at once, with whatever is under way. A command that comes to its end never calls it. */
  exit(code: ExitCode): void;
}
