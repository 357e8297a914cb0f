import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assumptions } from '../../../infra/tools/azure/assumptions.js';
import { root, type Outputs } from '../../../infra/tools/azure/environment.js';
import { deployment, shown } from './deployedMonitoring.js';
import { alwaysOneRow, analyze } from './kusto.js';
import { questions } from './questions.js';
import { strangeAttributes, strangeNames } from './sentNames.js';

const read = (path: string) => readFileSync(join(root, path), 'utf8');

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
