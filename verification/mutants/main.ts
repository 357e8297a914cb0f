import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { startAzurite } from '../../dev/azurite.js';
import { testsOf, type Guard } from './guard.js';
import { guards } from './guards/guards.js';
import { markersOf } from './markers.js';
import { mutantsOf, type Mutant } from './mutant.js';
import { Suite, type Outcome } from './suite.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const atOnce = 3;

const { only } = new Command('mutants')
  .description('Removes each guard of the code in a scratch copy, and names the guards whose removal no test notices.')
  .option('--only <names...>', 'only the guards whose names hold one of these', [''])
  .parse()
  .opts<{ readonly only: readonly string[] }>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const allNoticed = await main().catch((error: unknown) => {
  tell((error as Error).message);
  return false;
});
process.exit(allNoticed ? 0 : 1); // ends the process even if a test never ends

/** @returns whether the removal of every guard was noticed */
async function main(): Promise<boolean> {
  const startedAt = performance.now();
  const { mutants: all, wrong } = mutantsOf(guards, markersOf(project));
  wrong.forEach(tell);
  if (wrong.length > 0) return false;
  const mutants = all.filter(({ guard }) => only.some((part) => guard.name.includes(part)));
  tell(`${mutants.length} guards, and the code without each (${secondsSince(startedAt)})`);

  const azurite = await startAzurite();
  const provide = { azuriteConnectionString: azurite.connectionString };
  const suites = await Promise.all(Array.from({ length: atOnce }, () => Suite.open(project, provide)));
  try {
    const slowest = await passUnchanged(
      mutants.map(({ guard }) => guard),
      suites,
    );
    if (!slowest) return false;
    const noticed = await remove(mutants, suites, slowest);
    tell(`${noticed} of ${mutants.length} guards whose removal the tests notice (${secondsSince(startedAt)})`);
    return noticed === mutants.length;
  } finally {
    await Promise.all(suites.map((suite) => suite.close()));
    await azurite.stop();
  }
}

/** How long the slowest test of each test file takes, in ms. */
type Slowest = ReadonlyMap<string, number>;

/** Runs the tests with all guards in place: tests that fail anyway show nothing. @returns undefined if one fails */
async function passUnchanged(chosen: readonly Guard[], suites: readonly Suite[]): Promise<Slowest | undefined> {
  const from = performance.now();
  const namedIn = new Map<string, string[]>();
  for (const { file, named } of chosen.map(testsOf)) namedIn.set(file, [...(namedIn.get(file) ?? []), named]);
  let passed = 0;
  const slowest = new Map<string, number>();
  await inTurn([...namedIn], suites, async ([file, named], suite) => {
    const outcome = await suite.run(file, named);
    if (outcome.kind !== 'passed') return tell(`✗ ${file} although nothing was changed: ${outcome.error}`);
    passed += outcome.tests;
    slowest.set(file, outcome.slowestMs);
  });
  if (slowest.size < namedIn.size) return undefined;
  tell(`${passed} tests pass with all guards in place (${secondsSince(from)})`);
  return slowest;
}

/** Removes the guards one by one. @returns how many removals the tests noticed */
async function remove(mutants: readonly Mutant[], suites: readonly Suite[], slowest: Slowest): Promise<number> {
  let noticed = 0;
  await inTurn(mutants, suites, async ({ guard, file: changed, text }, suite) => {
    const from = performance.now();
    const { file, named } = testsOf(guard);
    // A test may hang without the guard: its time limit follows from its usual time, as the normal limit is too long.
    const timeoutMs = 1_500 + 5 * (slowest.get(file) ?? 0);
    const outcome = await suite.runWith(changed, text, file, [named], timeoutMs).catch((error: unknown) => {
      throw new Error(`${guard.name}: ${(error as Error).message}`);
    });
    if (outcome.kind === 'failed') noticed++;
    tell(`${outcome.kind === 'failed' ? '✓' : '✗'} ${guard.name} (${secondsSince(from)}): ${said(outcome, guard)}`);
  });
  return noticed;
}

function said(outcome: Outcome, guard: Guard): string {
  switch (outcome.kind) {
    case 'failed':
      return `${testsOf(guard).file} > ${outcome.test}`;
    case 'passed':
      return `${guard.noticedBy} does not notice that it is gone. ${guard.against}`;
    case 'broken':
      return `the table is wrong, ${guard.noticedBy} does not run: ${outcome.error}`;
  }
}

/** Works on all items. Each suite takes one item after the other. */
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

function secondsSince(from: number): string {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`;
}

function tell(line: string): void {
  process.stdout.write(`${line}\n`);
}
