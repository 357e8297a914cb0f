import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Environment } from '../../src/config.js';

const appDir = new URL('../../', import.meta.url);

/** What the worker was told about a function, as the library gives it to the host. */
export interface ListedFunction {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface Line {
  readonly level: string;
  readonly category: string;
  readonly line: string;
}

/** How an invocation ended. */
export interface Answer {
  readonly ok: boolean;
  readonly error?: { readonly message: string; readonly stack: string };
  readonly http?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
}

export interface Ending {
  /** The exit code; null when it had to be killed. */
  readonly code: number | null;
  /** Invocations that had no answer when the worker went. */
  readonly unanswered: readonly string[];
  readonly stderr: string;
}

type Message =
  | { readonly type: 'loaded'; readonly functions: readonly ListedFunction[]; readonly hooks: readonly string[] }
  | ({ readonly type: 'log'; readonly invocationId: string } & Line)
  | ({ readonly type: 'answer'; readonly invocationId: string } & Answer)
  | { readonly type: 'terminated'; readonly unanswered: readonly string[] };

const timerInput = { json: '{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}' };
const statusRequest = { http: { method: 'GET', url: 'http://localhost:7071/api/status', nullableHeaders: {} } };
/** The host kills a worker that has not gone by then. */
const graceMs = 5_000;

/** The built app in a worker process, loaded as the Functions host loads it, with a stand-in for the host. */
export class FunctionsHost {
  readonly functions: readonly ListedFunction[] = [];
  readonly hooks: readonly string[] = [];
  readonly lines: Line[] = [];
  private stderr = '';
  private unanswered: readonly string[] = [];
  private invocations = 0;
  private readonly answers = new Map<string, (answer: Answer) => void>();

  private constructor(private readonly worker: ChildProcess) {}

  /**
   * Starts a worker that has nothing of this process' environment but what a process needs, and the settings.
   *
   * @param time makes its time pass faster, from `since` on (ms since 1970)
   */
  static async start(settings: Environment, time?: { since: number; timesFaster: number }): Promise<FunctionsHost> {
    const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const preload = time ? ['--import', new URL('fasterTime.mjs', import.meta.url).href] : [];
    const worker = spawn(process.execPath, [...preload, file('hostWorker.mjs'), ...entryFiles()], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        PATH: process.env['PATH'],
        ...(time && { TIMES_FASTER: String(time.timesFaster), FASTER_SINCE: String(time.since) }),
        ...settings,
      },
    });
    const host = new FunctionsHost(worker);
    worker.stderr?.on('data', (text: Buffer) => (host.stderr += text.toString()));
    onTestFinished(() => void worker.kill('SIGKILL'));
    const gone = once(worker, 'exit').then(() => {
      throw new Error(`the worker ended before it had loaded the app: ${host.stderr}`);
    });
    const loaded = new Promise<void>((resolve) => {
      worker.on('message', (message: Message) => {
        host.take(message);
        if (message.type === 'loaded') resolve();
      });
    });
    gone.catch(() => undefined);
    await Promise.race([loaded, gone]);
    return host;
  }

  /** The trigger that a function was registered with. */
  trigger(name: string): Readonly<Record<string, unknown>> | undefined {
    const { bindings } = this.functions.find((one) => one.name === name) ?? {};
    return Object.values(bindings ?? {}).find(({ direction }) => direction === 'in');
  }

  /** One tick of the timer. */
  replicate(): Promise<Answer> {
    return this.invoke('replicate', timerInput);
  }

  async status(): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: unknown; text: string }> {
    const { http, error } = await this.invoke('status', statusRequest);
    if (!http) throw new Error(`status gave no answer: ${error?.message}`);
    return { ...http, text: http.body, body: JSON.parse(http.body) };
  }

  /** The status page, or with `data` what it shows. */
  async dashboard(part = ''): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: string }> {
    const url = `http://localhost:7071/api/dashboard${part && `/${part}`}`;
    const { http, error } = await this.invoke('dashboard', {
      http: {
        method: 'GET',
        url,
        params: part ? { part } : {},
        nullableHeaders: {},
        nullableParams: part ? { part: { value: part } } : {},
      },
    });
    if (!http) throw new Error(`dashboard gave no answer: ${error?.message}`);
    return http;
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

  /** Tells the worker to go, as the host does when it stops; it is killed when it takes too long. */
  async terminate(): Promise<Ending> {
    const exit = once(this.worker, 'exit') as Promise<[number | null]>;
    this.worker.send({ type: 'terminate' });
    const kill = setTimeout(() => this.worker.kill('SIGKILL'), graceMs);
    const [code] = await exit;
    clearTimeout(kill);
    return { code, unanswered: this.unanswered, stderr: this.stderr };
  }

  private invoke(name: string, data: unknown): Promise<Answer> {
    const invocationId = `${name}-${(this.invocations += 1)}`;
    return new Promise((resolve) => {
      const gone = () => resolve({ ok: false, error: { message: 'the worker went', stack: this.stderr } });
      this.worker.once('exit', gone);
      this.answers.set(invocationId, (answer) => {
        this.worker.off('exit', gone);
        resolve(answer);
      });
      this.worker.send({ type: 'invoke', invocationId, name, data });
    });
  }

  private take(message: Message): void {
    switch (message.type) {
      case 'loaded':
        Object.assign(this, { functions: message.functions, hooks: message.hooks });
        break;
      case 'log':
        this.lines.push(message);
        break;
      case 'answer':
        this.answers.get(message.invocationId)?.(message);
        break;
      case 'terminated':
        this.unanswered = message.unanswered;
    }
  }
}

/** The files that the `main` of package.json stands for, as the host's worker finds them. */
export function entryFiles(): string[] {
  const { main } = JSON.parse(readFileSync(new URL('package.json', appDir), 'utf8')) as { main: string };
  const pattern = new RegExp(`^${expression(main)}$`);
  const files = readdirSync(new URL('dist', appDir), { recursive: true }) as string[];
  return files
    .map((file) => `dist/${file.replaceAll('\\', '/')}`)
    .filter((file) => pattern.test(file))
    .map((file) => fileURLToPath(new URL(file, appDir)));
}

/** The part of the glob language that a `main` needs: `*` within a folder, and `{one,other}`. */
function expression(glob: string): string {
  return glob
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replace(/\{([^}]*)\}/g, (_, choices: string) => `(?:${choices.replaceAll(',', '|')})`);
}
