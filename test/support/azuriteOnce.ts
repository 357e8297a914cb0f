import type { TestProject } from 'vitest/node';

import { startAzurite } from '../../dev/azurite.js';

declare module 'vitest' {
  export interface ProvidedContext {
    azuriteConnectionString: string;
  }
}

/** One Azurite, in memory, for the whole run: see `azurite.ts` for what tests take from it. */
export default async function azuriteOnce(project: TestProject): Promise<() => Promise<void>> {
  const azurite = await startAzurite();
  project.provide('azuriteConnectionString', azurite.connectionString);
  return () => azurite.stop();
}
