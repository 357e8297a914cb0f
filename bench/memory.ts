import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { build, commandLine } from '../dev/build.js';
import { figure, type Line } from './figures.js';
import { openLab } from './lab/lab.js';
import { writeStore } from './lab/store.js';

/** Bytes of a frame beside the body. */
const frameOverheadBytes = 66;

/** Measures the peak resident memory of `eventferry run` over a store larger than the goal for memory. Linux only. */
export async function memory({ megabytes, bodyBytes }: { megabytes: number; bodyBytes: number }): Promise<Line[]> {
  if (process.platform !== 'linux') return [];
  await build();
  const lab = await openLab({ events: 'nowhere' });
  try {
    const container = await lab.newContainer();
    const events = Math.ceil((megabytes * 1024 * 1024) / (bodyBytes + frameOverheadBytes));
    const bytes = await writeStore(container, { events, bodyBytes });
    const started = performance.now();
    const peakMegabytes = await peakOf(lab.newReplication(container));
    const seconds = (performance.now() - started) / 1000;
    const run = `memory: a run over ${(bytes / 1024 / 1024).toLocaleString('en-US', { maximumFractionDigits: 0 })} MB`;
    return [
      { name: `${run}, peak resident`, figure: figure([peakMegabytes]), unit: 'MB', goal: { atMost: 200 } },
      { name: `${run}, start included`, figure: figure([events / seconds]), unit: 'events/s' },
    ];
  } finally {
    await lab.stop();
  }
}

async function peakOf(environment: Readonly<Record<string, string | undefined>>): Promise<number> {
  const child = spawn(process.execPath, [commandLine, 'run'], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  let running = true;
  void ended.then(() => (running = false));
  let peakKilobytes = 0;
  while (running) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peakKilobytes = Math.max(peakKilobytes, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0));
    await delay(100);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`eventferry run ended with ${code}.`);
  return peakKilobytes / 1024;
}
