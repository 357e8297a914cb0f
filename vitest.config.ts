import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The tools that these run take minutes and do not depend on Node's version: `npm run infra:check`.
    exclude: [...configDefaults.exclude, 'test/infra/**'],
    globalSetup: ['test/support/buildOnce.ts', 'test/support/azuriteOnce.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Many tests wait for what is retried: more of them than there are cores keep these busy.
    maxWorkers: 3,
  },
});
