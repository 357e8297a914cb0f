import { program } from 'commander';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { build, commandLine } from '../dev/build.js';
import { openLab } from './lab.js';
import { writeStore } from './store.js';

/** Peak resident memory of `eventferry run` over a store that is larger than it may become. Linux only. */

const options = program
  .option('--megabytes <n>', 'size of the store', Number, 1024)
  .option('--size <bytes>', 'size of an event', Number, 300)
  .option('--most <megabytes>', 'fail above this', Number, 256)
  .parse()
  .opts<{ megabytes: number; size: number; most: number }>();

/** What a frame holds beside the body. */
const frameOverheadBytes = 66;

await build();
const lab = await openLab({ large: true });
const container = await lab.newContainer();
const events = Math.floor((options.megabytes * 1024 * 1024) / (options.size + frameOverheadBytes));
const bytes = await writeStore(container, { events, bodyBytes: options.size });

const { environment } = lab.newReplication(container);
const started = performance.now();
const child = spawn(process.execPath, [commandLine, 'run'], {
  env: { PATH: process.env['PATH'], ...environment },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const ended = once(child, 'exit') as Promise<[number | null]>;
let peakKilobytes = 0;
let running = true;
void ended.then(() => (running = false));
while (running) {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
  peakKilobytes = Math.max(peakKilobytes, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0));
  await delay(200);
}
const [code] = await ended;
const seconds = (performance.now() - started) / 1000;
await lab.stop();

const peakMegabytes = peakKilobytes / 1024;
console.log(
  `${(bytes / 1024 / 1024).toFixed(0)} MB of frames, ${events} events: exit ${code}, ${seconds.toFixed(0)} s, ` +
    `${Math.round(events / seconds)} events/s, peak resident memory ${peakMegabytes.toFixed(0)} MB`,
);
if (code !== 0 || peakMegabytes > options.most) process.exitCode = 1;
