import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BlobServiceClient } from '@azure/storage-blob';
import { onTestFinished } from 'vitest';

import { writeSamples } from '../../dev/sampleWriter.js';
import { azuriteConnectionString, freshContainerName } from '../support/services/azurite.js';
import { freshFolder } from '../support/freshFolder.js';
import { until } from '../support/waits.js';
import { tapesIn } from './writer/tapes.js';
import type { Tape } from './writer/tapes.js';

const program = fileURLToPath(new URL('../../dev/sampleWriter.ts', import.meta.url));
const never = new AbortController().signal;

/** A sample writer with a journal and a container of the test's own. */
export class SampleWriting {
  readonly journal = join(freshFolder(), 'journal.ndjson');
  private readonly container = freshContainerName();

  /** Writes in this process. */
  write(options: Partial<Parameters<typeof writeSamples>[0]>, signal = never): Promise<void> {
    const { journal, container } = this;
    const where = { connectionString: azuriteConnectionString(), container, journal };
    return writeSamples({ ...where, seed: 5, ...options }, signal);
  }

  /** Runs the writer as a process of its own; resolves to its exit code, or the signal that ended it. */
  async runProgram(...args: string[]): Promise<unknown> {
    const where = ['--connection', azuriteConnectionString(), '--container', this.container, '--journal', this.journal];
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...where, '--seed', '5', ...args], {
      stdio: 'inherit',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
    const [code, signal] = await until('the end of the writer', exit);
    return code ?? signal;
  }

  /** What was written. */
  async chunks(): Promise<Tape[]> {
    const client = BlobServiceClient.fromConnectionString(azuriteConnectionString()).getContainerClient(this.container);
    return (await tapesIn(client)).filter(({ name }) => name.endsWith('.dat'));
  }
}

/** Chunk, offset and key of each frame. */
export function placesOf(tapes: readonly Tape[]): [string, number, string][] {
  return tapes.flatMap(({ name, frames }) =>
    frames.map(({ offset, key }): [string, number, string] => [name, offset, key]),
  );
}
