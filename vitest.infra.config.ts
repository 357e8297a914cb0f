import { defineConfig } from 'vitest/config';
import { shared } from './vitest.shared.js';

/** What `npm run infra:check` runs: the infrastructure, held to its rules by the tools that Azure itself uses. */
export default defineConfig({
  // Compilers and whole machines take many seconds even while nothing else runs.
  test: { ...shared, include: ['test/infra/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 },
});
