import { InvalidArgumentError, program } from 'commander';
import { countOption } from '../dev/countOption.js';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { compile } from './child.js';
import { decodeAndEncode } from './decode.js';
import { isMet, tableOf, type Line } from './figures.js';
import { idle } from './idle.js';
import { openLab } from './lab/lab.js';
import { lag } from './lag.js';
import { memory } from './memory.js';
import { replicate } from './replicate.js';

/** Measures what docs/performance.md says, prints a table with the goals beside it, and writes all of it as JSON. */

const parts = ['replicate', 'decode', 'encode', 'memory', 'idle', 'lag'] as const;

interface Options {
  readonly events: number;
  readonly bytes: number;
  readonly rounds: number;
  readonly megabytes: number;
  readonly writes: number;
  readonly only: ReadonlySet<string>;
  readonly server?: string;
  readonly json: string;
}

const options = program
  .name('npm run bench --')
  .option('--events <n>', 'events to replicate in a round', countOption, 200_000)
  .option('--bytes <n>', 'bytes of an event', countOption, 300)
  .option('--rounds <n>', 'rounds, in each of which all contestants take turns; an even number is best', countOption, 4)
  .option('--megabytes <n>', 'size of the backlog under which memory is measured', countOption, 1_024)
  .option('--writes <n>', 'writes whose lag is measured', countOption, 2_000)
  .option('--only <parts>', `some of ${parts.join(',')}`, someParts, new Set<string>(parts))
  .option('--server <url>', 'connection string of a real server, instead of the embedded one')
  .option('--json <file>', 'file for the figures as JSON', 'artifacts/bench.json')
  .parse()
  .opts<Options>();

const { events, bytes: bodyBytes, rounds, only, server } = options;
const machine = {
  cores: availableParallelism(),
  processor: cpus()[0]?.model.trim() ?? '',
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  loadBefore: loadavg()[0],
};
const started = performance.now();
const lines: Line[] = [];
await compile();

if (only.has('replicate')) {
  const wheres = server === undefined ? (['on disk', 'in memory'] as const) : (['server'] as const);
  for (const where of wheres) {
    await inLab(where === 'in memory' ? where : 'on disk', (lab) => {
      const more = where !== 'in memory';
      return replicate(lab, where, { events, bodyBytes, rounds, more });
    });
  }
}
if (only.has('decode') || only.has('encode')) {
  await inLab('in memory', (lab) => decodeAndEncode(lab, { bodyBytes, rounds, parts: only }));
}
if (only.has('memory')) add(await memory({ megabytes: options.megabytes, bodyBytes }));
if (only.has('idle')) await inLab('in memory', idle);
if (only.has('lag')) await inLab('in memory', (lab) => lag(lab, { writes: options.writes, bodyBytes }));

const minutes = (performance.now() - started) / 60_000;
const { cores, processor, memoryGigabytes, node, platform, loadBefore = 0 } = machine;
console.log(
  `\n${cores} cores (${processor}), ${memoryGigabytes} GB, ${platform}, Node.js ${node}; load average ` +
    `${loadBefore.toFixed(1)} before; events of ${bodyBytes} bytes, ${rounds} rounds; ${minutes.toFixed(1)} minutes\n`,
);
console.log(tableOf(lines));
const asked = { ...options, only: [...only] };
const report = { machine, options: asked, minutes, lines: lines.map((line) => ({ ...line, met: isMet(line) })) };
await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
console.log(`\nThe same as JSON: ${options.json}`);

async function inLab(
  events: 'in memory' | 'on disk',
  measure: (lab: Awaited<ReturnType<typeof openLab>>) => Promise<Line[]>,
) {
  const lab = await openLab({ server, events });
  try {
    add(await measure(lab));
  } finally {
    await lab.stop();
  }
}

/** Also prints these lines at once, because all of the measurements take minutes. */
function add(measured: readonly Line[]): void {
  lines.push(...measured);
  console.log(tableOf(measured));
}

function someParts(text: string): ReadonlySet<string> {
  const named = text.split(',');
  const unknown = named.find((name) => !(parts as readonly string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`"${unknown}" is none of ${parts.join(', ')}`);
  return new Set(named);
}
