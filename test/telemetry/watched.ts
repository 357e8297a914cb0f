import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import { eventferryProcess } from '../cli/commandLine.js';

/** Modules that only telemetry needs. */
export const ofTelemetry = /@opentelemetry|opentelemetry-exporter|telemetry\/openTelemetry/;

/** Runs `eventferry run`, and says which modules it loads and which hosts it dials. */
export async function watched(environment: Record<string, string | undefined>) {
  const folder = mkdtempSync(join(tmpdir(), 'eventferry-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'watched');
  const watch = new URL('watch.mjs', import.meta.url).href;
  const ended = await eventferryProcess(['run'], {
    ...environment,
    WATCH_FILE: file,
    NODE_OPTIONS: `--import=${watch}`,
  });
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const after = (word: string) => lines.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
  return { ...ended, loads: after('loads '), dials: new Set(after('dials ')) };
}
