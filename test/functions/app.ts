import type { Environment } from '../../src/config/config.js';

/** The name of the chunk that tests write. */
export const chunk = '00000001-2013-10-15-093000.dat';

/** Runs end when they have caught up, so that an invocation is over soon. */
export const soonOver = { WHEN_CAUGHT_UP: 'exit' };

/** What became of a line that the app logged. */
export interface Line {
  readonly level: string;
  readonly category: string;
  readonly line: string;
}

/** How an invocation ended. */
export interface Answer {
  readonly ok: boolean;
  readonly error?: { readonly message: string; readonly stack: string };
  readonly http?: HttpAnswer;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How a worker ended. */
export interface Ending {
  /** The exit code; null when it had to be killed. */
  readonly code: number | null;
  /** Invocations that had no answer when the worker went. */
  readonly unanswered: readonly string[];
  readonly stderr: string;
}

/** The traceparent of every request that the host makes. */
export const traceParent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** One worker of the function app, wherever it runs. */
export abstract class App {
  readonly lines: Line[] = [];

  /** One tick of the timer. */
  abstract replicate(): Promise<Answer>;

  /** The status page, or with `data` what it shows. */
  abstract dashboard(part?: string): Promise<HttpAnswer>;

  /** Tells the worker to go, as the host does when it stops. */
  abstract terminate(): Promise<Ending>;

  async status(): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: unknown; text: string }> {
    const answer = await this.askStatus();
    return { ...answer, text: answer.body, body: JSON.parse(answer.body) };
  }

  /** The facts of each line with this event, in order. */
  facts(event: string): Record<string, unknown>[] {
    return this.lines
      .filter(({ line }) => line.startsWith(`${event} `))
      .map(({ line }) => JSON.parse(line.slice(event.length + 1)) as Record<string, unknown>);
  }

  /** The lines that the app logged at a level, by their events. */
  events(level: 'information' | 'warning' | 'error'): string[] {
    return this.lines.filter((one) => one.level === level).map(({ line }) => line.split(' ', 1)[0] ?? '');
  }

  protected abstract askStatus(): Promise<HttpAnswer>;
}

/** Starts a worker with these settings, and nothing else of this process' environment. */
export type StartApp = (settings: Environment) => Promise<App>;
