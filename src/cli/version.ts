import { readFileSync } from 'node:fs';

/** This program's version, as its package says. In the deployed bundle too, package.json is two folders up. */
export function version(): string {
  const path = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
