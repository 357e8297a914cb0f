import { defineConfig } from 'vitest/config';
import { shared } from './vitest.shared.js';

/** What `npm run infra:check` runs: the infrastructure, held to its rules by the tools that Azure itself uses. */
export default defineConfig({
  test: { ...shared, include: ['test/infra/**/*.test.ts'], testTimeout: 300_000 },
});
