import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { EventStoreDBClient, jsonEvent, type AppendExpectedRevision } from '@eventstore/db-client';
import { describe, expect, test, onTestFinished } from 'vitest';
import { startEventStore } from '../../../dev/eventstore/eventStoreServer.js';

interface Running {
  process: ChildProcess;
  connectionString: string;
  printed: string[];
  exited: Promise<number | NodeJS.Signals | null>;
}

async function run(...args: string[]): Promise<Running> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/eventstore/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? signal));
  });
  const printed: string[] = [];
  for await (const line of readline.createInterface({ input: child.stdout })) {
    printed.push(line);
    if (!line.startsWith('{')) continue;
    const { listening } = JSON.parse(line) as { listening: { connectionString: string } };
    return { process: child, connectionString: listening.connectionString, printed, exited };
  }
  throw new Error(`it ended: ${String(await exited)}`);
}

async function refused(...args: string[]): Promise<{ code: unknown; errors: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'dev/eventstore/main.ts', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, errors };
}

describe('npm run eventstore', () => {
  test('says what it is for and where it listens, serves, and ends with 0 when asked to', async () => {
    const server = await run();
    expect(server.printed.join('\n')).toMatch(/for development only/);
    expect(server.printed).toContain(`Connection string: ${server.connectionString}`);
    const client = EventStoreDBClient.connectionString(server.connectionString);
    const { nextExpectedRevision } = await client.appendToStream('s', jsonEvent({ type: 'T', data: {} }));
    expect(nextExpectedRevision).toBe(0n);
    server.process.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    await client.dispose();
  });

  test.each([
    ['--port', 'many'],
    ['--port', '65536'],
    ['--unknown', ''],
  ])('refuses %s %s with exit code 2, saying how it is used', async (...args) => {
    const { code, errors } = await refused(...args);
    expect(code).toBe(2);
    expect(errors).toMatch(/Usage: npm run eventstore/);
  });

  test('has on disk what it acknowledged when it is killed in the middle of writing, and nothing out of order', async () => {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'eventferry-killed-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const server = await run('--dir', dir);
    const client = EventStoreDBClient.connectionString(server.connectionString);
    onTestFinished(() => client.dispose());

    let acknowledged = -1;
    const append = async (): Promise<void> => {
      for (;;) {
        const expectedRevision: AppendExpectedRevision = acknowledged < 0 ? 'no_stream' : BigInt(acknowledged);
        const events = [0, 1, 2].map((n) => jsonEvent({ type: 'T', data: { n: acknowledged + 1 + n } }));
        const result = await client.appendToStream('s', events, { expectedRevision });
        acknowledged = Number(result.nextExpectedRevision);
        if (acknowledged > 100) server.process.kill('SIGKILL');
      }
    };
    await expect(append()).rejects.toThrow();
    expect(await server.exited).toBe('SIGKILL');

    const again = await startEventStore({ dir });
    onTestFinished(() => again.stop());
    expect(again.lastRevision('s')).toBeGreaterThanOrEqual(acknowledged);
    const numbers = again.events('s').map(({ data }) => (JSON.parse(data.toString()) as { n: number }).n);
    expect(numbers).toEqual(numbers.map((_, n) => n));
  });
});
