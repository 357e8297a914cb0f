import type { TestProject } from 'vitest/node';

import { startAzurite } from '../../../dev/azurite.js';

declare module 'vitest' {
  export interface ProvidedContext {
    azuriteConnectionString: string;
  }
}

/** Starts one Azurite, in memory, for all tests of a run. Tests reach it through `azurite.ts`. */
export default async function azuriteOnce(project: TestProject): Promise<() => Promise<void>> {
  const azurite = await startAzurite();
  project.provide('azuriteConnectionString', azurite.connectionString);
  return () => azurite.stop();
}
