import { unzipSync } from 'fflate';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { root } from '../../infra/tools/azure/environment.js';
import { pack, stage } from '../../infra/tools/app/stage.js';
import { applicationInsights } from '../support/services/applicationInsights.js';
import { embeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { otlpReceiver } from '../support/services/otlpReceiver.js';
import { until } from '../support/waits.js';

const chunk = '00000001-2013-10-15-093000.dat';

describe('The deployment package', () => {
  let folder: string;
  let app: string;
  let sha256: string;
  let files: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'package-'));
    await stage(root, join(folder, 'staged'));
    const made = pack(join(folder, 'staged'));
    sha256 = made.sha256;
    app = join(folder, 'app');
    const entries = unzipSync(made.bytes);
    files = Object.keys(entries);
    for (const [path, bytes] of Object.entries(entries)) {
      mkdirSync(dirname(join(app, path)), { recursive: true });
      writeFileSync(join(app, path), bytes);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('The deployment package is the same file when it is made again, from files of another time', async () => {
    const again = join(folder, 'again');
    await stage(root, again);
    // A zip stores time in steps of two seconds, and a fast computer can make two packages within one step.
    for (const path of files) utimesSync(join(again, path), new Date('2013-10-15'), new Date('2013-10-15'));
    vi.useFakeTimers({ now: new Date('2013-10-15'), toFake: ['Date'] });
    try {
      expect(pack(again).sha256).toBe(sha256);
    } finally {
      vi.useRealTimers();
    }
  });

  test('The deployment package holds the program, and nothing of development, of this machine or of deployment', () => {
    expect(files).toEqual(expect.arrayContaining(['host.json', 'package.json', 'dist/cli/main.js']));
    const unwanted =
      /^(src|dev|test|infra|docs|bench|artifacts|\.)|local\.settings|\.map$|\.ts$|azurite|vitest|typescript/;
    expect(files.filter((path) => unwanted.test(path))).toEqual([]);
    for (const path of files.filter((one) => one.endsWith('.js'))) {
      const program = readFileSync(join(app, path), 'utf8');
      expect(/^\/\/ (?:dev|test|infra)\//m.test(program), path).toBe(false);
      expect(program.includes(root), path).toBe(false);
    }
  });

  test('The deployment package leaves telemetry of the app to the app, and has the host speak OpenTelemetry too', () => {
    const { telemetryMode, logging } = JSON.parse(readFileSync(join(app, 'host.json'), 'utf8')) as {
      readonly telemetryMode: string;
      readonly logging: object;
    };
    expect(telemetryMode).toBe('OpenTelemetry');
    // In this mode the host ignores the section `applicationInsights`, with its sampling.
    expect(logging).not.toHaveProperty('applicationInsights');
  });

  test('The deployment package needs no installation, and names the licences of what is in it', () => {
    const manifest = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(manifest).not.toHaveProperty('scripts');
    expect(manifest).not.toHaveProperty('dependencies');
    const notices = readFileSync(join(app, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8');
    for (const name of ['@azure/storage-blob', '@eventstore/db-client', '@grpc/grpc-js', 'zod']) {
      expect(notices).toContain(`${name} `);
    }
  });

  test('The deployment package holds nothing that .funcignore names', async () => {
    const copy = join(folder, 'repository');
    mkdirSync(copy);
    for (const name of ['package.json', 'package-lock.json', 'host.json', 'dist', 'generated'])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    writeFileSync(join(copy, 'dist/secret.txt'), 'x');
    const ignored = readFileSync(join(root, '.funcignore'), 'utf8');
    writeFileSync(join(copy, '.funcignore'), ignored);
    expect(await stage(copy, join(folder, 'with'))).toContain('dist/secret.txt');
    writeFileSync(join(copy, '.funcignore'), `${ignored}\n/dist/secret.txt\n`);
    expect(await stage(copy, join(folder, 'without'))).not.toContain('dist/secret.txt');
  });

  test('The deployment package is an app whose timer replicates, loaded as the host loads it, with no packages beside it', async () => {
    const ferry = await Ferry.open(await embeddedServer(), { WHEN_CAUGHT_UP: 'exit' });
    await ferry.write(chunk, numbered(1, 6));
    const worker = join(folder, 'hostWorker.mjs');
    cpSync(join(root, 'test/functions/hostWorker.mjs'), worker);
    const { main } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8')) as { main: string };
    const names = (/\{([^}]*)\}/.exec(main)?.[1] ?? '').split(',');
    const child = spawn(process.execPath, [worker, ...names.map((name) => join(app, `dist/functions/${name}.js`))], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { PATH: process.env['PATH'], ...ferry.environment() },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const gone = once(child, 'exit').then(([code]) => {
      throw new Error(`the worker ended with exit code ${code}`);
    });
    gone.catch(() => undefined);
    const message = (type: string): Promise<unknown> => {
      const told = new Promise((resolve) => {
        child.on('message', (one: { type: string }) => one.type === type && resolve(one));
      });
      return until(`the worker's message '${type}'`, Promise.race([told, gone]));
    };
    const loaded = (await message('loaded')) as { functions: { name: string }[] };
    expect(loaded.functions.map(({ name }) => name).sort()).toEqual(names.sort());
    const data = { json: '{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}' };
    const answered = message('answer');
    child.send({ type: 'invoke', invocationId: 'one', name: 'replicate', data });
    expect(await answered).toMatchObject({ ok: true });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 6));
  });

  test('The deployment package is also a command line, which sends what it measures to each place that it is told', async () => {
    const ferry = await Ferry.open(await embeddedServer());
    await ferry.write(chunk, numbered(1, 6));
    const [collector, insights] = [await otlpReceiver(), await applicationInsights()];
    const settings = { ...insights.settings, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const child = spawn(process.execPath, [join(app, 'dist/cli/main.js'), 'run'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...ferry.environment(settings) },
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [said] = await until(
      'the command line to end',
      Promise.all([text(child.stderr), once(child, 'exit'), text(child.stdout)]),
    );
    expect(child.exitCode, said).toBe(0);
    expect(ferry.bodies()).toEqual(numberedBodies(1, 6));
    const appended = expect.objectContaining({ name: 'eventferry.events.appended' }) as object;
    expect(collector.metrics).toContainEqual(appended);
    expect(insights.of('MetricData').flatMap(({ metrics }) => metrics)).toContainEqual(appended);
  });
});
