/** Facts that go with a log line. Values are printed as JSON; a secret is never a fact. */
export type Facts = Readonly<Record<string, unknown>>;

/**
 * Where log lines go. `event` is a stable name in kebab-case that queries and alerts can rely on; `facts` carry the
 * numbers. The functions log to the invocation's own log, the command line to stderr.
 */
export interface Logger {
  info(event: string, facts?: Facts): void;
  warn(event: string, facts?: Facts): void;
  error(event: string, facts?: Facts): void;
}

/** A logger that drops everything. */
export const silentLogger: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
