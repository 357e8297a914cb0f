import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BlobServiceClient } from '@azure/storage-blob';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { writeSamples } from '../../dev/sampleWriter.js';
import { readJournal } from '../../dev/writer/journal.js';
import { azuriteConnectionString, freshContainerName } from '../support/azurite.js';
import { tapesIn } from './writer/tapes.js';
import type { Tape } from './writer/tapes.js';

const program = fileURLToPath(new URL('../../dev/sampleWriter.ts', import.meta.url));
const never = new AbortController().signal;
let dir: string;
let container: string;
let journal: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'eventferry-writer-'));
  journal = join(dir, 'journal.ndjson');
  container = freshContainerName();
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('the sample writer', () => {
  test('writes as many records as asked for and journals where each is', async () => {
    await write({ records: 200, appendsPerWrite: 7 });
    const entries = readJournal(journal);
    expect(entries).toHaveLength(200);
    expect(entries.every(({ acknowledged }) => acknowledged)).toBe(true);
    expect(placesOf(await chunks())).toEqual(entries.map(({ chunk, offset, key }) => [chunk, offset, key]));
  });

  test('does nothing when the journal already has as many', async () => {
    await write({ records: 20 });
    await write({ records: 20 });
    expect(await chunks()).toHaveLength(1);
  });

  test('ends between two writes when a stop is asked for', async () => {
    const stop = new AbortController();
    await write({ rate: 500, onProgress: (acknowledged) => acknowledged >= 10 && stop.abort() }, stop.signal);
    const entries = readJournal(journal);
    expect(entries.length).toBeGreaterThanOrEqual(10);
    expect(entries.every(({ acknowledged }) => acknowledged)).toBe(true);
  });

  test('is killed in the middle of a write: a torn frame at the end of the chunk, a new chunk after the restart', async () => {
    const options = ['--records', '120', '--appends-per-write', '4'];
    expect(await runProgram(...options, '--crash-after', '50')).toBe('SIGKILL');
    const crashed = readJournal(journal);
    const torn = crashed.at(-1);
    expect(torn?.acknowledged).toBe(false);
    const [before] = await chunks();
    expect(before?.frames.at(-1)?.end).toBe(torn?.offset);
    expect(before?.tail.some((byte) => byte !== 0)).toBe(true);

    expect(await runProgram(...options)).toBe(0);
    const [old, ...others] = await chunks();
    expect(old?.frames).toHaveLength(crashed.length - 1);
    expect(others.map(({ name }) => name.slice(0, 8))).toEqual([String(crashed.length).padStart(8, '0')]);
    const landed = readJournal(journal).filter((entry) => entry.offset !== torn?.offset || entry.chunk !== torn.chunk);
    expect(placesOf(await chunks())).toEqual(landed.map(({ chunk, offset, key }) => [chunk, offset, key]));
    expect(readJournal(journal).filter(({ acknowledged }) => acknowledged)).toHaveLength(120);
  });

  test('is killed before the answer arrives: all frames are there, and are appended once more after the restart', async () => {
    const crash = ['--crash-after', '20', '--crash', 'unacknowledged'];
    expect(await runProgram('--records', '40', '--appends-per-write', '4', ...crash)).toBe('SIGKILL');
    const unacknowledged = readJournal(journal).filter(({ acknowledged }) => !acknowledged);
    expect(unacknowledged).toHaveLength(4);
    await write({ records: 40 });
    const entries = readJournal(journal);
    expect(entries).toHaveLength(44);
    expect(placesOf(await chunks())).toEqual(entries.map(({ chunk, offset, key }) => [chunk, offset, key]));
    expect(entries.slice(20, 24).map(({ messages }) => messages)).toEqual(
      entries.slice(24, 28).map(({ messages }) => messages),
    );
  });

  test('goes on behind a line of the journal that a crash cut off', async () => {
    await write({ records: 10 });
    appendFileSync(journal, '{"key":"customer:1","chu');
    await write({ records: 15 });
    expect(readJournal(journal).filter(({ acknowledged }) => acknowledged)).toHaveLength(15);
  });
});

function write(options: Partial<Parameters<typeof writeSamples>[0]>, signal = never): Promise<void> {
  return writeSamples({ connectionString: azuriteConnectionString(), container, journal, seed: 5, ...options }, signal);
}

/** Runs the writer as a process of its own; resolves to its exit code, or the signal that ended it. */
async function runProgram(...args: string[]): Promise<unknown> {
  const where = ['--connection', azuriteConnectionString(), '--container', container, '--journal', journal];
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...where, '--seed', '5', ...args], {
    stdio: 'inherit',
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return code ?? signal;
}

async function chunks(): Promise<Tape[]> {
  const client = BlobServiceClient.fromConnectionString(azuriteConnectionString()).getContainerClient(container);
  return (await tapesIn(client)).filter(({ name }) => name.endsWith('.dat'));
}

function placesOf(tapes: readonly Tape[]): [string, number, string][] {
  return tapes.flatMap(({ name, frames }) =>
    frames.map(({ offset, key }): [string, number, string] => [name, offset, key]),
  );
}
