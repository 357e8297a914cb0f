import { configDefaults, defineConfig } from 'vitest/config';
import { shared } from './vitest.shared.js';

/** What `npm test` runs. */
export default defineConfig({
  test: {
    ...shared,
    include: ['test/**/*.test.ts'],
    // `npm run test:long`, and `npm run infra:check`, whose tools take minutes and do not depend on Node's version.
    exclude: [...configDefaults.exclude, 'test/**/*.long.test.ts', 'test/infra/**'],
  },
});
