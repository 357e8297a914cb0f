import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../../infra/tools/azure/environment.js';
import type { RunEnd } from '../../../src/engine/terms.js';
import { deployment, logAlerts, metricAlerts } from './deployedMonitoring.js';
import { alwaysOneRow, analyze } from './kusto.js';
import { questions } from './questions.js';

describe('Alerts', () => {
  test('Alerts ask every question that must wake somebody', () => {
    const expected = ['certificate', 'data-disk', 'lag', 'no-successful-run', 'outage', 'quarantine', 'server-down'];
    expect(logAlerts.map(({ name }) => name).sort()).toEqual([...expected, 'stalled', 'stopped']);
    expect([...metricAlerts].sort()).toEqual(['disk-iops', 'machine-down']);
  });

  test.each(logAlerts)('Alerts ask the question of their name and measure a number that it answers: $name', (alert) => {
    expect(alert.query).toBe(questions[alert.name]);
    expect(['long', 'real']).toContain(analyze(alert.query).columns[alert.metricMeasureColumn]);
    expect(alert.timeAggregation).toBe(alert.operator === 'LessThan' ? 'Minimum' : 'Maximum');
    expect(alert.evaluationFrequency).toBe('PT5M');
  });

  test('Alerts that watch for absence are answered by a row even when there is nothing at all', () => {
    const absence = logAlerts.filter(({ operator, threshold }) => operator === 'LessThan' && threshold === 1);
    expect(absence.map(({ name }) => name).sort()).toEqual(['no-successful-run', 'server-down']);
    for (const { query } of absence) expect(alwaysOneRow(query)).toBe(true);
  });

  test('Alerts have the limits that the runbook speaks of', () => {
    const limits = Object.fromEntries(
      logAlerts.map(({ name, operator, threshold, windowSize }) => [name, `${operator} ${threshold} in ${windowSize}`]),
    );
    expect(limits).toEqual({
      'no-successful-run': 'LessThan 1 in PT15M',
      stalled: 'GreaterThan 600 in PT10M',
      stopped: 'GreaterThan 0 in PT10M',
      outage: 'GreaterThanOrEqual 5 in PT15M',
      lag: 'GreaterThan 300 in PT10M',
      quarantine: 'GreaterThan 0 in PT15M',
      'server-down': 'LessThan 1 in PT10M',
      'data-disk': 'GreaterThan 80 in PT15M',
      certificate: 'LessThan 30 in PT15M',
    });
  });

  test('Alerts that watch the lag are quiet until replication has caught up for the first time', () => {
    expect(questions['lag']).toContain("Name == 'eventferry.caught_up' and Sum > 0");
    expect(questions['lag']).toContain('TimeGenerated >= firstCaughtUp');
  });

  test('Alerts count as good every end of a run but a failure and another runner, which must be reported for itself', () => {
    const good: Readonly<Record<Exclude<RunEnd, 'left-to-another-runner'>, true>> = {
      'caught-up': true,
      'nothing-to-replicate': true,
      'stop-requested': true,
      'budget-used': true,
    };
    const listed = / in \(([^)]*)\)/.exec(questions['no-successful-run'] ?? '')?.[1] ?? '';
    expect([...listed.matchAll(/'([^']+)'/g)].map((match) => match[1]).sort()).toEqual(Object.keys(good).sort());
  });
});

describe('The runbook', () => {
  const guide = readFileSync(join(root, 'docs/operating.md'), 'utf8');
  const alerts = [...logAlerts.map(({ name }) => name), ...metricAlerts];

  test.each(alerts)(
    'The runbook says of %s what it means, how to look closer, what to do and what not to do',
    (name) => {
      const section = guide.split(`\n### ${name}\n`)[1]?.split(/\n##/)[0] ?? '';
      for (const part of ['**Means**', '**Look closer**', '**Do**', '**Do not**']) expect(section).toContain(part);
    },
  );

  test('Each alert links to the runbook', () => {
    const described = [
      ...deployment.all('Microsoft.Insights/scheduledQueryRules'),
      ...deployment.all('Microsoft.Insights/metricAlerts'),
    ];
    expect(described.length).toBe(alerts.length);
    for (const { name, properties } of described)
      expect(properties['description']).toContain(`docs/operating.md#${name.replace(/^eventferry-/, '')}`);
  });

  test('The runbook has no section without an alert', () => {
    const sections = (guide.split('\n## When an alert arrives\n')[1] ?? '').split('\n## ')[0] ?? '';
    expect([...sections.matchAll(/^### (.*)$/gm)].map((match) => match[1]).sort()).toEqual([...alerts].sort());
  });
});
