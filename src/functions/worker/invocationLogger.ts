import { AsyncLocalStorage } from 'node:async_hooks';

import type { InvocationContext } from '@azure/functions';

import type { Facts, Logger } from '../../core/logger.js';
import { redactedJson } from '../../core/redact.js';

export type InvocationLog = Pick<InvocationContext, 'info' | 'warn' | 'error'>;

/**
 * Writes to the log of the invocation that the code runs for: one line, the event's name and its facts as JSON. What
 * outlives its invocation writes to the one that began last. What comes when no invocation is under way is dropped, as
 * the host would drop it.
 */
export class InvocationLogger implements Logger {
  private readonly own = new AsyncLocalStorage<InvocationLog>();
  private readonly underWay = new Set<InvocationLog>();

  /** Sends the log lines of this work to this invocation until the work has settled. */
  async during<T>(log: InvocationLog, work: () => Promise<T>): Promise<T> {
    this.underWay.add(log);
    try {
      return await this.own.run(log, work);
    } finally {
      this.underWay.delete(log);
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

  private get log(): InvocationLog | undefined {
    const own = this.own.getStore();
    return own && this.underWay.has(own) ? own : [...this.underWay].at(-1);
  }
}

function line(event: string, facts: Facts = {}): string {
  return `${event} ${redactedJson(facts)}`;
}
