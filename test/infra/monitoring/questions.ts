import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../infra/tools/azure/environment.js';

/** The questions in the folder of questions, by name. */
export const questions: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(join(root, 'infra/monitoring'))
    .filter((file) => file.endsWith('.kql'))
    .map((file) => [file.slice(0, -'.kql'.length), readFileSync(join(root, 'infra/monitoring', file), 'utf8')]),
);
