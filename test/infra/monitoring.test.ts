import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assumptions } from '../../infra/tools/azure/assumptions.js';
import { committedSnapshot, parameterFiles } from '../../infra/tools/azure/bicep.js';
import { root, type Outputs } from '../../infra/tools/azure/environment.js';
import type { RunEnd } from '../../src/engine/terms.js';
import { events, metrics } from '../../src/telemetry/metrics.js';
import { Deployment } from './deployment.js';
import { alwaysOneRow, analyze } from './kusto.js';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const questions: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(join(root, 'infra/monitoring'))
    .filter((file) => file.endsWith('.kql'))
    .map((file) => [file.slice(0, -'.kql'.length), read(`infra/monitoring/${file}`)]),
);

interface LogAlert {
  readonly name: string;
  readonly query: string;
  readonly metricMeasureColumn: string;
  readonly operator: string;
  readonly threshold: number;
  readonly timeAggregation: string;
  readonly windowSize: string;
  readonly evaluationFrequency: string;
}

const deployment = new Deployment(committedSnapshot('infra/prod.bicepparam'));
const logAlerts: readonly LogAlert[] = deployment
  .all('Microsoft.Insights/scheduledQueryRules')
  .map(({ name, properties }) => {
    const { criteria, windowSize, evaluationFrequency } = properties as Omit<LogAlert, 'name'> & {
      readonly criteria: { readonly allOf: readonly [LogAlert] };
    };
    return { ...criteria.allOf[0], windowSize, evaluationFrequency, name: name.replace(/^eventferry-/, '') };
  });
const metricAlerts = deployment
  .all('Microsoft.Insights/metricAlerts')
  .map(({ name }) => name.replace(/^eventferry-/, ''));

interface WorkbookItem {
  readonly type: number;
  readonly name: string;
  readonly content: Readonly<Record<string, unknown>>;
}

const workbook = JSON.parse(String(deployment.one('Microsoft.Insights/workbooks').properties['serializedData'])) as {
  readonly items: readonly WorkbookItem[];
};
const shown = workbook.items.filter(({ type }) => type === 3).map(({ content }) => String(content['query']));

/** The names in a text (KQL or a document) that Eventferry does not send. */
function strangeNames(text: string): string[] {
  const named = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? '');
  const messages = named(/Message (?:==|in) ('[^']*'|\([^)]*\))/g).flatMap((list) =>
    [...list.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? ''),
  );
  return [
    ...named(/\b(eventferry\.[a-z_]+(?:\.[a-z_]+)*)/g).filter(
      (name) => !(name in metrics) && !/\.(?:internal|ts|zip)$/.test(name),
    ),
    ...messages.filter((name) => !(name in events)),
  ];
}

/** The attributes that a metric's points carry. */
function attributesOf(name: string): string[] {
  const about = metrics[name as keyof typeof metrics];
  return ['source', 'stream', ...('attribute' in about ? [about.attribute] : [])];
}

/** The properties that a question uses although not all of its metrics have them. */
function strangeAttributes(query: string): string[] {
  if (!query.includes('AppMetrics')) return [];
  const names = [...query.matchAll(/'(eventferry\.[^']+)'/g)].map((match) => match[1] ?? '');
  const used = [...query.matchAll(/Properties\['([^']+)'\]/g)].map((match) => match[1] ?? '');
  return used.filter((attribute) => !names.every((name) => attributesOf(name).includes(attribute)));
}

describe.each(Object.entries(questions))('The question %s', (_, query) => {
  test('Every question in the folder is one sentence, and KQL in which every table, column and type fits', () => {
    expect(query).toMatch(/^\/\/ [A-Z][^\n]*\?/);
    expect(analyze(query).wrong).toEqual([]);
  });

  test('Every question in the folder names only what Eventferry sends', () => {
    expect(strangeNames(query)).toEqual([]);
    expect(strangeAttributes(query)).toEqual([]);
  });

  test('Every question in the folder is asked in the workbook', () => {
    expect(shown.filter((one) => one === query)).toHaveLength(1);
  });
});

describe('What is looked for after a deployment', () => {
  const outputs = new Proxy({}, { get: (_, name) => String(name) }) as Outputs;
  const asked = assumptions
    .map(({ name, look }) => [name, look(outputs).args.find((arg) => arg.startsWith('{"query"'))] as const)
    .filter((one): one is readonly [string, string] => one[1] !== undefined);

  test.each(asked)('What is looked for after a deployment is KQL with names that are sent: %s', (_, body) => {
    const { query } = JSON.parse(body) as { readonly query: string };
    expect(analyze(query).wrong).toEqual([]);
    expect([...strangeNames(query), ...strangeAttributes(query)]).toEqual([]);
  });

  test('What is looked for after a deployment is in the requests, metrics, events and lines of health', () => {
    const text = asked.map(([, body]) => body).join('\n');
    for (const table of ['AppRequests', 'AppMetrics', 'AppTraces', 'Syslog']) expect(text).toContain(`"${table} |`);
  });
});

describe('A mistake in a question', () => {
  const lag = questions['lag'] ?? '';
  const ends = questions['no-successful-run'] ?? '';

  test.each([
    ['a word that is no operator', lag.replace('| summarize', '| sumarize')],
    ['a column that the table has not', lag.replaceAll('Sum', 'Value')],
    ['a table that the workspace has not', lag.replaceAll('AppMetrics', 'customMetrics')],
    ['a comparison of a number with a text', lag.replace('Sum > 0', "Sum > 'nothing'")],
    ['a parenthesis too few', ends.replace("Properties['end'])", "Properties['end']")],
  ])('A mistake in a question is noticed: %s', (_, broken) => {
    expect([lag, ends]).not.toContain(broken);
    expect(analyze(broken).wrong).not.toEqual([]);
  });

  test('A mistake in a question is noticed: a metric, an event or an attribute that nobody sends', () => {
    expect(strangeNames(lag.replace('lag.seconds', 'lag.minutes'))).toEqual(['eventferry.lag.minutes']);
    expect(strangeNames((questions['outages-and-stops'] ?? '').replace('outage-began', 'outage-started'))).toEqual([
      'outage-started',
    ]);
    expect(strangeAttributes(ends.replace("['end']", "['ending']"))).toEqual(['ending']);
  });

  test('A mistake in a question is noticed: an answer without a row where absence is the question', () => {
    expect(alwaysOneRow(ends)).toBe(true);
    expect(alwaysOneRow(ends.replace('count()', 'count() by bin(TimeGenerated, 5m)'))).toBe(false);
    expect(alwaysOneRow(`${ends}| where GoodRuns > 0\n`)).toBe(false);
    expect(alwaysOneRow(ends.replace(/\| summarize.*/, '| project Sum'))).toBe(false);
  });
});

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

describe('What is asked of the machine', () => {
  const health = read('infra/vm/health');
  const ofMachine = Object.values(questions).filter((query) => query.includes('Syslog'));

  test('What is asked of the machine is in its line of health, under the name that the journal has for it', () => {
    expect(ofMachine.length).toBeGreaterThan(3);
    const identifier = /^SyslogIdentifier=(.*)$/m.exec(read('infra/vm/systemd/eventferry-health.service'))?.[1];
    for (const query of ofMachine) {
      expect(query).toContain(`ProcessName == '${identifier}'`);
      const fields = [...query.matchAll(/(?:\)|Health)\['(\w+)'\]/g)].map((match) => match[1] ?? '');
      expect(fields).not.toEqual([]);
      for (const field of fields) expect(health).toContain(`"${field}":`);
    }
  });

  test('The log of the machine is collected: the facility that systemd writes, in a rule that the machine follows', () => {
    const rule = JSON.stringify(deployment.one('Microsoft.Insights/dataCollectionRules').properties);
    expect(rule).toContain('"facilityNames":["daemon"]');
    expect(deployment.all('Microsoft.Insights/dataCollectionRuleAssociations')).toHaveLength(1);
  });
});

describe('The workbook', () => {
  test('The workbook asks only the questions of the folder, over the time that a person chooses', () => {
    const items = workbook.items.filter(({ type }) => type === 3);
    expect(items.map(({ content }) => content['query']).sort()).toEqual(Object.values(questions).sort());
    for (const { content, name } of items) expect(content['timeContextFromParameter'], name).toBe('TimeRange');
    const names = workbook.items.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('The workbook shows columns that its questions answer', () => {
    for (const { content, name } of workbook.items) {
      const { columnMatch } = ((content['tileSettings'] as Record<string, object> | undefined)?.['leftContent'] ??
        {}) as {
        readonly columnMatch?: string;
      };
      if (columnMatch !== undefined)
        expect(analyze(String(content['query'])).columns, name).toHaveProperty(columnMatch);
    }
  });

  test('The workbook is the same in every environment but for where it is', () => {
    const others = parameterFiles.map((file) => {
      const other = new Deployment(committedSnapshot(file));
      const { serializedData } = other.one('Microsoft.Insights/workbooks').properties as { serializedData: string };
      return serializedData.replace(/\/subscriptions\/[^"\\]*/g, 'somewhere');
    });
    expect(new Set(others).size).toBe(1);
  });
});

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

describe('The runbook', () => {
  const guide = read('docs/operating.md');
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
