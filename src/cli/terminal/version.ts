import { readFileSync } from 'node:fs';

/** This program's version, as its package says. */
export function version(): string {
  const path = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
