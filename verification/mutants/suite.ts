import { setTimeout as sleep } from 'node:timers/promises';
import type { ProvidedContext, SerializedError, TestError } from 'vitest';
import { createVitest, type TestModule, type Vitest } from 'vitest/node';
import { shared } from '../../vitest.shared.js';
import { ScratchCopy } from './scratchCopy.js';

/** The result of a file's tests. `broken` means that no test could be run. */
export type Outcome =
  | { readonly kind: 'passed'; readonly tests: number; readonly slowestMs: number }
  | { readonly kind: 'failed'; readonly test: string; readonly error: string }
  | { readonly kind: 'broken'; readonly error: string };

/** The time limits of the project's tests, used while nothing is changed. */
const { testTimeout, hookTimeout, setupFiles } = shared;
/** No file of the table takes so long. A test's own time limit does not end a test that never yields. */
const endlessMs = 300_000;

/** Runs test files on a scratch copy, again and again. Files that did not change are not compiled again. */
export class Suite {
  private constructor(
    private readonly copy: ScratchCopy,
    private readonly vitest: Vitest,
  ) {}

  /** @param project the project's folder @param provide what the global setup provides to the tests */
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
      // Tests run in threads, so that a test that never ends dies with this process. Each file gets its own thread,
      // which imports changed files again.
      { ...options, pool: 'threads', maxWorkers: 1, isolate: true, include: ['test/**/*.ts'], reporters: [{}] },
      { cacheDir: copy.path('.cache'), logLevel: 'error' },
    );
    await vitest.standalone();
    return new Suite(copy, vitest);
  }

  /**
   * Runs a file until a test fails.
   *
   * @param named run only the tests whose names hold one of these texts
   * @param timeoutMs a test fails that has not ended after this time
   */
  async run(file: string, named: readonly string[], timeoutMs = testTimeout): Promise<Outcome> {
    this.vitest.getRootProject().config.testTimeout = timeoutMs;
    const path = this.copy.path(file);
    const pattern = named.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
    const testNamePattern = new RegExp(pattern);
    const specification = this.vitest.getRootProject().createSpecification(path, { testNamePattern });
    const run = this.vitest.runTestSpecifications([specification]);
    const ended = await Promise.race([run, sleep(endlessMs, 'endless' as const, { ref: false })]);
    if (ended === 'endless') throw new Error(`${file} does not end within ${endlessMs / 1000} s.`);
    const module = ended.testModules.find(({ moduleId }) => moduleId === specification.moduleId);
    return module ? outcomeOf(module) : { kind: 'broken', error: 'it was not run' };
  }

  /** Runs a file's tests while one file of the copy has another text. */
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
