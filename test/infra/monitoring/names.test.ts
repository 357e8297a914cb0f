import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../../infra/tools/azure/environment.js';
import { events, metrics } from '../../../src/telemetry/metrics.js';
import { logAlerts, metricAlerts } from './deployedMonitoring.js';
import { questions } from './questions.js';
import { strangeNames } from './sentNames.js';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('Names by which Eventferry is observed', () => {
  const folder = join(root, 'src');
  const code = (readdirSync(folder, { recursive: true }) as string[])
    .filter((path) => path.endsWith('.ts') && !path.endsWith('metrics.ts'))
    .map((path) => readFileSync(join(folder, path), 'utf8'))
    .join('\n');

  test('Names by which Eventferry is observed are exactly those of the table of metrics', () => {
    const measured = new Set([...code.matchAll(/'(eventferry\.[a-z_]+(?:\.[a-z_]+)*)'/g)].map((match) => match[1]));
    expect([...measured].sort()).toEqual(Object.keys(metrics).sort());
  });

  test.each(['README.md', 'docs/operating.md', 'docs/deploy.md', 'docs/telemetry.md', 'docs/architecture.md'])(
    'Names by which Eventferry is observed are spelled right in %s',
    (path) => {
      expect(strangeNames(read(path))).toEqual([]);
    },
  );

  test('Names by which Eventferry is observed are spelled right where the guide to operation speaks of events', () => {
    const alerts = [...logAlerts.map(({ name }) => name), ...metricAlerts, ...Object.keys(questions)];
    const others = ['eventferry-quarantined', 'checkpoint-ahead', 'left-to-another-runner'];
    const known = new Set([...Object.keys(events), ...alerts, ...others]);
    const named = [...read('docs/operating.md').matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map((match) => match[1] ?? '');
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !known.has(name) && !name.startsWith('changed-'))).toEqual([]);
  });
});
