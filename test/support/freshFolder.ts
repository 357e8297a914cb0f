import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Makes an empty folder for the running test, and deletes it when the test ends. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'eventferry-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
