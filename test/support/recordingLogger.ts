import type { Facts, Logger } from '../../src/core/logger.js';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly facts: Facts;
}

/** A logger that keeps every line. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = [];

  info(event: string, facts: Facts = {}): void {
    this.lines.push({ level: 'info', event, facts });
  }

  warn(event: string, facts: Facts = {}): void {
    this.lines.push({ level: 'warn', event, facts });
  }

  error(event: string, facts: Facts = {}): void {
    this.lines.push({ level: 'error', event, facts });
  }

  /** The events logged at a level, in order. */
  events(level: LogLine['level']): string[] {
    return this.lines.filter((line) => line.level === level).map(({ event }) => event);
  }
}
