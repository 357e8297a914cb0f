import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { startAzurite } from '../../dev/azurite.js';
import { withoutGuard, type Guard } from './guard.js';
import { guards } from './guards.js';
import { Suite, type Outcome } from './suite.js';
import { typeCheck } from './typeCheck.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const atOnce = 2;

/** A guard, and its file without it. */
interface Mutant {
  readonly guard: Guard;
  readonly text: string;
}

const { only } = new Command('mutants')
  .description('Removes each guard of the code in a scratch copy, and tells which of them no test misses.')
  .option('--only <name>', 'only the guards whose names hold this')
  .parse()
  .opts<{ readonly only?: string }>();
process.exitCode = (await main(guards.filter(({ name }) => name.includes(only ?? '')))) ? 0 : 1;

/** @returns whether the removal of every guard was noticed */
async function main(chosen: readonly Guard[]): Promise<boolean> {
  const startedAt = performance.now();
  const mutants = chosen.map((guard) => ({ guard, text: withoutGuard(guard, textOf(guard.file)) }));
  if (!compile(mutants)) return false;
  tell(`${mutants.length} guards, each of which compiles without it (${secondsSince(startedAt)})`);

  const azurite = await startAzurite();
  const suites = await Promise.all(
    Array.from({ length: atOnce }, () => Suite.open(project, { azuriteConnectionString: azurite.connectionString })),
  );
  try {
    if (!(await passUnchanged(mutants, suites))) return false;
    let noticed = 0;
    await inTurn(mutants, suites, async ({ guard, text }, suite) => {
      const from = performance.now();
      const outcome = await suite.runWith(guard.file, text, guard.noticedBy);
      if (outcome.kind === 'failed') noticed++;
      tell(`${mark(outcome)} ${guard.name} (${secondsSince(from)}): ${said(outcome, guard)}`);
    });
    tell(`${noticed} of ${mutants.length} guards whose removal the tests notice (${secondsSince(startedAt)})`);
    return noticed === mutants.length;
  } finally {
    await Promise.all(suites.map((suite) => suite.close()));
    await azurite.stop();
  }
}

function compile(mutants: readonly Mutant[]): boolean {
  const check = typeCheck(project, [...new Set(mutants.map(({ guard }) => guard.file))]);
  const wrong = mutants.flatMap(({ guard, text }) =>
    check(guard.file, text).map(
      (message) => `${guard.name}: the table is wrong, ${guard.file} does not compile: ${message}`,
    ),
  );
  wrong.forEach(tell);
  return wrong.length === 0;
}

/** Tests that fail anyway say nothing about a guard. */
async function passUnchanged(mutants: readonly Mutant[], suites: readonly Suite[]): Promise<boolean> {
  const from = performance.now();
  const files = [...new Set(mutants.flatMap(({ guard }) => guard.noticedBy))];
  let passed = 0;
  await inTurn(files, suites, async (file, suite) => {
    const outcome = await suite.run([file]);
    if (outcome.kind === 'passed') passed++;
    else tell(`✗ ${file} fails although nothing was changed: ${outcome.error}`);
  });
  if (passed === files.length) tell(`${passed} test files pass with all guards in place (${secondsSince(from)})`);
  return passed === files.length;
}

/** Each suite takes one after the other. */
async function inTurn<T>(
  items: readonly T[],
  suites: readonly Suite[],
  work: (item: T, suite: Suite) => Promise<void>,
): Promise<void> {
  const left = [...items];
  await Promise.all(
    suites.map(async (suite) => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item, suite);
    }),
  );
}

function mark({ kind }: Outcome): string {
  return kind === 'failed' ? '✓' : '✗';
}

function said(outcome: Outcome, { against, noticedBy }: Guard): string {
  switch (outcome.kind) {
    case 'failed':
      return `${outcome.file} > ${outcome.test}`;
    case 'passed':
      return `no test of ${noticedBy.join(', ')} notices. ${against}`;
    case 'broken':
      return `the table is wrong, ${outcome.file} does not run: ${outcome.error}`;
  }
}

function textOf(file: string): string {
  return readFileSync(join(project, file), 'utf8');
}

function secondsSince(from: number): string {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`;
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
