// npx tsx infra/tools/azure/startTime.ts [ROUNDS]: measures the time from the start of the app's process until its timer is
// registered, for the built app and the packaged app in turns. Run npm run build first.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from './az.js';
import { root } from './environment.js';
import { stage } from '../app/stage.js';

/** A program that loads the given files as the Functions host's worker does, and reports when it has. */
const worker = join(root, 'test/functions/hostWorker.mjs');

await main(async () => {
  const rounds = Number(process.argv[2] ?? 21);
  const folder = mkdtempSync(join(tmpdir(), 'eventferry-'));
  try {
    await stage(root, folder);
    const places = { built: root, packaged: folder };
    const taken: Record<string, number[]> = { built: [], packaged: [] };
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, place] of Object.entries(places)) taken[name]?.push(await startMs(place));
    }
    for (const [name, times] of Object.entries(taken)) {
      const [least, middle, most] = [0, 0.5, 1].map((part) => quantile(times, part));
      process.stdout.write(`${name}: ${middle} ms (${least} to ${most}), ${rounds} starts, Node ${process.version}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function startMs(place: string): Promise<number> {
  const { main: entries } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as { main: string };
  const names = (/\{([^}]*)\}/.exec(entries)?.[1] ?? '').split(',');
  const startedAt = performance.now();
  const child = spawn(process.execPath, [worker, ...names.map((name) => join(place, `dist/functions/${name}.js`))], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { PATH: process.env['PATH'] },
  });
  await once(child, 'message');
  const taken = performance.now() - startedAt;
  child.kill('SIGKILL');
  await once(child, 'exit');
  return taken;
}

function quantile(times: readonly number[], part: number): number {
  const sorted = [...times].sort((one, other) => one - other);
  return Math.round(sorted[Math.round(part * (sorted.length - 1))] ?? NaN);
}
