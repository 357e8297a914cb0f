import { pino } from 'pino';

import type { Facts, Logger } from '../core/logger.js';
import { redact } from '../core/redact.js';

interface ConsoleLoggerOptions {
  /** One JSON object a line instead of text for people. */
  readonly json: boolean;
  /** Takes each line with its line end. */
  readonly write: (line: string) => void;
}

/**
 * The command line's log: one line per event, `time level event name=value ...`, or JSON with the same fields. What
 * looks like a secret is taken out of the finished line.
 */
export function consoleLogger({ json, write }: ConsoleLoggerOptions): Logger {
  const log = pino(
    {
      base: null,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => write(redact(json ? line : textOf(line))) },
  );
  // Facts go in as one object, so that none can take the place of the line's own fields.
  return {
    info: (event, facts = {}) => log.info({ facts: exact(facts) }, event),
    warn: (event, facts = {}) => log.warn({ facts: exact(facts) }, event),
    error: (event, facts = {}) => log.error({ facts: exact(facts) }, event),
  };
}

/** 64-bit integers as text: a JSON number would be rounded by whoever reads it. */
function exact(facts: Facts): Facts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [name, typeof value === 'bigint' ? String(value) : value]),
  );
}

function textOf(line: string): string {
  const { time, level, event, facts } = JSON.parse(line) as Line;
  const words = Object.entries(facts).map(([name, value]) => `${name}=${wordOf(value)}`);
  return `${[time, level.padEnd(5), event, ...words].join(' ')}\n`;
}

interface Line {
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly facts: Facts;
}

/** Text without spaces or quotes stays as it is; everything else is JSON, so that a line stays a line. */
function wordOf(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
