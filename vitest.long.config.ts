import { defineConfig } from 'vitest/config';
import { shared } from './vitest.shared.js';

/** What `npm run test:long` runs: suites that go through thousands of cases; `npm test` runs a sample of each. */
export default defineConfig({
  test: { ...shared, include: ['test/**/*.long.test.ts'], testTimeout: 1_200_000 },
});
