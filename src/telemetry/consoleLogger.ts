import { pino } from 'pino';

import type { Facts, Logger } from '../core/logger.js';
import { redactedJson } from '../core/redact.js';
import { printable } from '../core/text.js';

interface ConsoleLoggerOptions {
  /** One JSON object a line instead of text for people. */
  readonly json: boolean;
  /** Takes each line with its line end. */
  readonly write: (line: string) => void;
}

/**
 * The command line's log: one line per event, `time level event name=value ...`, or JSON with the same fields. What
 * looks like a secret is taken out of each fact; control characters are escaped.
 */
export function consoleLogger({ json, write }: ConsoleLoggerOptions): Logger {
  const log = pino(
    {
      base: null,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => write(`${printable(json ? line.trimEnd() : textOf(line))}\n`) },
  );
  // Facts go in as one object, so that none can take the place of the line's own fields.
  return {
    info: (event, facts = {}) => log.info({ facts: safe(facts) }, event),
    warn: (event, facts = {}) => log.warn({ facts: safe(facts) }, event),
    error: (event, facts = {}) => log.error({ facts: safe(facts) }, event),
  };
}

/** 64-bit integers are text: many readers round a JSON number of this size. */
function safe(facts: Facts): Facts {
  return JSON.parse(redactedJson(facts)) as Facts;
}

function textOf(line: string): string {
  const { time, level, event, facts } = JSON.parse(line) as Line;
  const words = Object.entries(facts).map(([name, value]) => `${name}=${wordOf(value)}`);
  return [time, level.padEnd(5), event, ...words].join(' ');
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
