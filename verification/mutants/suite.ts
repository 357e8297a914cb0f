import { setTimeout as sleep } from 'node:timers/promises';
import type { ProvidedContext, SerializedError, TestError } from 'vitest';
import { createVitest, type TestModule, type Vitest } from 'vitest/node';
import { shared } from '../../vitest.shared.js';
import { ScratchCopy } from './scratchCopy.js';

/** What the tests of a file came to. `broken`: they did not get as far as to be run. */
export type Outcome =
  | { readonly kind: 'passed'; readonly tests: number; readonly slowestMs: number }
  | { readonly kind: 'failed'; readonly test: string; readonly error: string }
  | { readonly kind: 'broken'; readonly error: string };

/** A test's time where nothing is changed. */
const { testTimeout, hookTimeout, setupFiles } = shared;
/** So long nothing of the table takes; a test that never lets another have its turn takes for ever. */
const endlessMs = 300_000;

/** Test files run on a scratch copy, again and again: what did not change is not compiled again. */
export class Suite {
  private constructor(
    private readonly copy: ScratchCopy,
    private readonly vitest: Vitest,
  ) {}

  /** @param project the project's folder @param provide what the tests take from the run's setup */
  static async open(project: string, provide: ProvidedContext): Promise<Suite> {
    const copy = new ScratchCopy(project);
    const options = {
      root: copy.root,
      config: false,
      watch: false,
      bail: 1,
      provide,
      testTimeout,
      hookTimeout,
      setupFiles,
    } as const;
    const vitest = await createVitest(
      'test',
      // In threads, so that not even a test that never ends outlives the run. Each file in a thread of its own, which
      // imports what is changed anew.
      { ...options, pool: 'threads', maxWorkers: 1, isolate: true, include: ['test/**/*.ts'], reporters: [{}] },
      { cacheDir: copy.path('.cache'), logLevel: 'error' },
    );
    await vitest.standalone();
    return new Suite(copy, vitest);
  }

  /**
   * Runs a file until a test fails.
   *
   * @param named only the tests whose names hold one of these; none: all
   * @param timeoutMs when a test has failed that has not ended
   */
  async run(file: string, named: readonly string[], timeoutMs = testTimeout): Promise<Outcome> {
    this.vitest.getRootProject().config.testTimeout = timeoutMs;
    const path = this.copy.path(file);
    const pattern = named.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
    const options = pattern === '' ? {} : { testNamePattern: new RegExp(pattern) };
    const specification = this.vitest.getRootProject().createSpecification(path, options);
    const run = this.vitest.runTestSpecifications([specification]);
    const ended = await Promise.race([run, sleep(endlessMs, 'endless' as const, { ref: false })]);
    if (ended === 'endless') throw new Error(`${file} does not end within ${endlessMs / 1000} s.`);
    const module = ended.testModules.find(({ moduleId }) => moduleId === specification.moduleId);
    return module ? outcomeOf(module) : { kind: 'broken', error: 'it was not run' };
  }

  /** The same while another text stands in one of the copy's files. */
  async runWith(
    changed: string,
    text: string,
    ...[file, named, timeoutMs]: Required<Parameters<Suite['run']>>
  ): Promise<Outcome> {
    this.copy.write(changed, text);
    this.vitest.invalidateFile(this.copy.path(changed));
    try {
      return await this.run(file, named, timeoutMs);
    } finally {
      this.copy.restore(changed);
      this.vitest.invalidateFile(this.copy.path(changed));
    }
  }

  async close(): Promise<void> {
    await this.vitest.close();
    this.copy.remove();
  }
}

function outcomeOf(module: TestModule): Outcome {
  const [failed] = module.children.allTests('failed');
  if (failed) return { kind: 'failed', test: failed.fullName, error: firstLine(failed.result().errors) };
  const passed = [...module.children.allTests('passed')];
  if (module.ok() && passed.length > 0) {
    const slowestMs = Math.max(...passed.map((test) => test.diagnostic()?.duration ?? 0));
    return { kind: 'passed', tests: passed.length, slowestMs };
  }
  const [suite] = [...module.children.allSuites()].filter((one) => one.errors().length > 0);
  const errors = suite?.errors() ?? module.errors();
  return { kind: 'broken', error: firstLine(errors) };
}

function firstLine(errors: readonly (TestError | SerializedError)[] | undefined): string {
  return (errors?.[0]?.message ?? 'no test ran').split('\n', 1)[0] ?? '';
}
