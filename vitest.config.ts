import { configDefaults, defineConfig } from 'vitest/config';
import { shared } from './vitest.shared.js';

/** What `npm test` runs. */
export default defineConfig({
  test: {
    ...shared,
    include: ['test/**/*.test.ts'],
    // Other commands run these: `npm run test:long`, and `npm run infra:check`, which takes minutes and gives the same
    // result on every version of Node.
    exclude: [...configDefaults.exclude, 'test/**/*.long.test.ts', 'test/infra/**'],
  },
});
