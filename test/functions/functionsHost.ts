import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Environment } from '../../src/config/config.js';
import { until } from '../support/waits.js';
import { App, type Answer, type Ending, type HttpAnswer, type Line } from './app.js';

const appDir = new URL('../../', import.meta.url);

/** What the worker was told about a function, as the library gives it to the host. */
export interface ListedFunction {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type Message =
  | { readonly type: 'loaded'; readonly functions: readonly ListedFunction[]; readonly hooks: readonly string[] }
  | ({ readonly type: 'log'; readonly invocationId: string } & Line)
  | ({ readonly type: 'answer'; readonly invocationId: string } & Answer)
  | { readonly type: 'terminated'; readonly unanswered: readonly string[] };

const timerInput = { json: '{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}' };
const statusRequest = { http: { method: 'GET', url: 'http://localhost:7071/api/status', nullableHeaders: {} } };
/**
 * A worker that has not gone by then is killed. The real host waits 5 s, which a busy machine may need for what takes
 * an idle one 1 s; that the app asks for less than 5 s is tested by the clock (`timerRuns.test.ts`).
 */
const graceMs = 60_000;

/** The built app in a worker process, loaded as the Functions host loads it, with a stand-in for the host. */
export class FunctionsHost extends App {
  readonly functions: readonly ListedFunction[] = [];
  readonly hooks: readonly string[] = [];
  private stderr = '';
  private unanswered: readonly string[] = [];
  private invocations = 0;
  private readonly answers = new Map<string, (answer: Answer) => void>();

  private constructor(private readonly worker: ChildProcess) {
    super();
  }

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
    await until('a worker that has loaded the app', Promise.race([loaded, gone]));
    return host;
  }

  /** The trigger that a function was registered with. */
  trigger(name: string): Readonly<Record<string, unknown>> | undefined {
    const { bindings } = this.functions.find((one) => one.name === name) ?? {};
    return Object.values(bindings ?? {}).find(({ direction }) => direction === 'in');
  }

  replicate(): Promise<Answer> {
    return this.invoke('replicate', timerInput);
  }

  async dashboard(part = ''): Promise<HttpAnswer> {
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

  async terminate(): Promise<Ending> {
    const exit = once(this.worker, 'exit') as Promise<[number | null]>;
    this.worker.send({ type: 'terminate' });
    const kill = setTimeout(() => this.worker.kill('SIGKILL'), graceMs);
    const [code] = await exit;
    clearTimeout(kill);
    return { code, unanswered: this.unanswered, stderr: this.stderr };
  }

  protected async askStatus(): Promise<HttpAnswer> {
    const { http, error } = await this.invoke('status', statusRequest);
    if (!http) throw new Error(`status gave no answer: ${error?.message}`);
    return http;
  }

  private invoke(name: string, data: unknown): Promise<Answer> {
    const invocationId = `${name}-${(this.invocations += 1)}`;
    const answer = new Promise<Answer>((resolve) => {
      const gone = () => resolve({ ok: false, error: { message: 'the worker went', stack: this.stderr } });
      this.worker.once('exit', gone);
      this.answers.set(invocationId, (answer) => {
        this.worker.off('exit', gone);
        resolve(answer);
      });
      this.worker.send({ type: 'invoke', invocationId, name, data });
    });
    return until(`the answer to invocation ${invocationId}`, answer);
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
