import { defineConfig } from 'vitest/config';

/** What `npm run infra:check` runs: the infrastructure, held to its rules by the tools that Azure itself uses. */
export default defineConfig({
  test: {
    include: ['test/infra/**/*.test.ts'],
    globalSetup: ['test/support/buildOnce.ts', 'test/support/azuriteOnce.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
