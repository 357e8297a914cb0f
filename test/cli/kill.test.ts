import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';

import { auditJournal, isExact } from '../../dev/journalAudit.js';
import { startProgram } from '../../dev/program.js';
import { readJournal } from '../../dev/writer/journal.js';
import { azuriteConnectionString } from '../support/azurite.js';
import { embeddedServer } from '../support/embeddedServer.js';
import { Ferry } from '../support/ferry.js';
import { eventferry, start, type Running } from './commandLine.js';

const sampleWriter = fileURLToPath(new URL('../../dev/sampleWriter.ts', import.meta.url));
const kills = 50;

/** Moments between `from` and `to` ms, always the same ones (Park and Miller's generator). */
function* moments(from: number, to: number, seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 48_271) % 2_147_483_647;
    yield from + (state / 2_147_483_647) * (to - from);
  }
}

function freshFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'eventferry-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Rejects should it ever end before it is killed. */
async function endedByItself(running: Running): Promise<never> {
  const { code, signal, stdout, stderr } = await running.ended;
  throw new Error(`eventferry run --follow ended with ${code ?? signal}:\n${stdout}${stderr}`);
}

it(
  'Killed at 50 random moments while a writer appends, it leaves every event once, in order, byte for byte',
  { timeout: 300_000 },
  async () => {
    const dir = freshFolder();
    const server = await embeddedServer({ dir: join(dir, 'eventstore') });
    const ferry = await Ferry.open(server, { OUTAGE_WAIT_SECONDS: '1' });
    const journal = join(dir, 'journal.ndjson');
    const { containerName } = ferry.container;
    const writer = startProgram(
      sampleWriter,
      [
        ...['--connection', azuriteConnectionString(), '--container', containerName, '--journal', journal],
        ...['--rate', '120', '--appends-per-write', '8'],
      ],
      { output: 'ignore' },
    );
    onTestFinished(() => void writer.stop());
    // Slow answers make more of the kills fall between an append and its acknowledgement.
    server.faults.delayMs = 15;

    let movedBeforeKill = 0;
    const moment = moments(0, 300, 2013);
    for (let kill = 0; kill < kills; kill++) {
      const before = server.lastRevision(ferry.stream);
      const running = start(['run', '--follow'], ferry.environment({ READ_RECORDS: '50' }));
      // Every fifth kill falls into its start, before or while it finds out where it stands; the others into its work.
      const early = kill % 5 === 0;
      if (!early) {
        const moves = () => expect(server.lastRevision(ferry.stream), running.stderr()).toBeGreaterThan(before);
        await Promise.race([vi.waitFor(moves, { timeout: 20_000, interval: 10 }), endedByItself(running)]);
      }
      await delay(moment.next().value * (early ? 4 : 1));
      running.kill('SIGKILL');
      expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
      if (server.lastRevision(ferry.stream) > before) movedBeforeKill += 1;
    }
    expect(movedBeforeKill).toBeGreaterThanOrEqual((kills * 4) / 5);

    expect(await writer.stop()).toBe(0);
    server.faults.clear();
    expect(await eventferry(['run'], ferry.environment())).toMatchObject({ code: 0 });
    await server.stop();
    const restarted = await embeddedServer({ dir: join(dir, 'eventstore') });
    const audit = await auditJournal(readJournal(journal), restarted.events(ferry.stream), ferry.config().convert);
    expect(audit.findings).toEqual([]);
    expect(isExact(audit)).toBe(true);
    expect(restarted.lastRevision(ferry.stream)).toBeGreaterThan(kills);
  },
);
