import type { InlineConfig } from 'vitest/node';

/** The settings that all test commands share. */
export const shared = {
  globalSetup: ['test/support/buildOnce.ts', 'test/support/services/azuriteOnce.ts'],
  setupFiles: ['test/support/tellWaits.ts'],
  // Test files share imported modules: importing them again for each file takes longer than the tests.
  isolate: false,
  // The limit is at least ten times what an idle machine needs: it is there for tests that hang, not for slow ones.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  // Many tests wait for retries, so more test files than cores run at once to keep the cores busy.
  maxWorkers: 3,
} satisfies InlineConfig;
