import type { InvocationContext } from '@azure/functions';

import type { Facts, Logger } from '../../core/logger.js';
import { redactedJson } from '../../core/redactedJson.js';

/** The part of an invocation's context that takes log lines. */
export type InvocationLog = Pick<InvocationContext, 'info' | 'warn' | 'error'>;

/**
 * Writes to the log of the invocation that is under way: one line, the event's name and its facts as JSON. What comes
 * when no invocation is under way is dropped, as the host would drop it.
 */
export class InvocationLogger implements Logger {
  private log: InvocationLog | undefined;

  /** Sends log lines to this invocation until the work has settled. */
  async during<T>(log: InvocationLog, work: () => Promise<T>): Promise<T> {
    this.log = log;
    try {
      return await work();
    } finally {
      this.log = undefined;
    }
  }

  info(event: string, facts?: Facts): void {
    this.log?.info(line(event, facts));
  }

  warn(event: string, facts?: Facts): void {
    this.log?.warn(line(event, facts));
  }

  error(event: string, facts?: Facts): void {
    this.log?.error(line(event, facts));
  }
}

function line(event: string, facts: Facts = {}): string {
  return `${event} ${redactedJson(facts)}`;
}
