import type { InlineConfig } from 'vitest/node';

/** What all runs of tests have in common. */
export const shared = {
  globalSetup: ['test/support/buildOnce.ts', 'test/support/azuriteOnce.ts'],
  setupFiles: ['test/support/tellWaits.ts'],
  // Files share the modules that they import: importing them anew for each file takes longer than the tests.
  isolate: false,
  // Ten times and more what an idle machine needs: a limit is for what hangs, not for what is slow.
  testTimeout: 180_000,
  hookTimeout: 180_000,
  // Many tests wait for what is retried: more of them than there are cores keep these busy.
  maxWorkers: 3,
} satisfies InlineConfig;
