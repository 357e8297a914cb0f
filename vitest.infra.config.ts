import { defineConfig } from 'vitest/config';
import { shared } from './vitest.shared.js';

/** What `npm run infra:check` runs: the tools that Azure itself uses check the files of `infra`. */
export default defineConfig({
  // Compilers and virtual machines take many seconds, even on an idle machine.
  test: { ...shared, include: ['test/infra/**/*.test.ts'], testTimeout: 600_000, hookTimeout: 600_000 },
});
