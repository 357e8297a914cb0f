import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assumptions } from '../../infra/tools/azure/assumptions.js';
import { committedSnapshot } from '../../infra/tools/azure/bicep.js';
import { root } from '../../infra/tools/azure/environment.js';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const guide = read('docs/deploy.md');
const bicep = read('infra/main.bicep');

/** The distinct names that a pattern finds in a text. */
const named = (text: string, pattern: RegExp) => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? '')),
];

describe('The deployment guide', () => {
  test('The deployment guide names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const names = named(guide, /npm run ([a-z:-]+)/g);
    expect(names).toContain('infra:deploy');
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
  });

  test('The deployment guide names only outputs that the Bicep has', () => {
    const outputs = Object.keys(committedSnapshot('infra/prod.bicepparam').outputs);
    const names = named(
      guide,
      /`((?:AZURE_(?!ENV_NAME|LOCATION|CLIENT|TENANT|SUBSCRIPTION)|EVENTSTORE_|SOURCE_)[A-Z_]+)`/g,
    );
    expect(names.length).toBeGreaterThan(4);
    expect(names.filter((name) => !outputs.includes(name))).toEqual([]);
  });

  test('The deployment guide names only parameters that the Bicep has', () => {
    const names = named(
      guide,
      /`(sourceKind|sourceAccountId|sourcePrivateEndpoint|dataDiskGB|logDailyCapGB|purgeProtection|maximumInstanceCount|environmentName|paused|notifyWebhook|heartbeat|alertEmail|runbookUrl|lagAlertSeconds)\b/g,
    );
    expect(names.filter((name) => !bicep.includes(`param ${name} `))).toEqual([]);
    expect(names).toHaveLength(14);
  });

  test('The deployment guide names every variable that a parameter file or azd reads, and no other', () => {
    const files = ['infra/dev.bicepparam', 'infra/prod.bicepparam', 'infra/main.parameters.json'].map(read).join('\n');
    const variables = named(files, /((?:EVENTFERRY|AZURE)_[A-Z_]+)/g).filter((name) => name !== 'AZURE_ENV_NAME');
    expect(variables.filter((name) => !guide.includes(name))).toEqual([]);
    const tools = ['azure/environment', 'secrets', 'deploy'].map((name) => read(`infra/tools/${name}.ts`)).join('\n');
    expect(named(guide, /(EVENTFERRY_[A-Z_]+)/g).filter((name) => !(files + tools).includes(name))).toEqual([]);
  });

  test('The deployment guide registers the namespace of every resource that is deployed', () => {
    const types = ['infra/prod.bicepparam', 'test/infra/params/ownSource.bicepparam']
      .flatMap((file) => committedSnapshot(file).predictedResources.map(({ type }) => type.split('/')[0] ?? ''))
      .filter((namespace) => namespace !== 'Microsoft.Resources');
    const registered = (/for name in ([A-Za-z ]+);/.exec(guide)?.[1] ?? '')
      .split(' ')
      .map((name) => `Microsoft.${name}`);
    expect([...new Set(types)].filter((namespace) => !registered.includes(namespace))).toEqual([]);
    expect(registered).toContain('Microsoft.App');
  });

  test('The deployment guide lists what the smoke test checks', () => {
    for (const { name } of assumptions) expect(guide).toContain(`- ${name}\n`);
  });

  test('The deployment guide runs only commands on the machine that are placed there', () => {
    const placed = read('infra/modules/configuration.bicep');
    for (const path of named(guide, /(\/opt\/eventferry\/vm\/[a-z-]+)/g)) expect(placed).toContain(`'${path}'`);
  });
});

describe('What azd reads', () => {
  test('What azd reads sets parameters that the Bicep has, and each that it requires', () => {
    const { parameters } = JSON.parse(read('infra/main.parameters.json')) as { parameters: Record<string, unknown> };
    const declared = named(bicep, /^param (\w+) /gm);
    const required = named(bicep, /^param (\w+) \w+$/gm);
    expect(Object.keys(parameters).filter((name) => !declared.includes(name))).toEqual([]);
    expect(required.filter((name) => !(name in parameters))).toEqual([]);
  });

  test('What azd reads deploys what app:package makes, without a build there, to the app that carries its tag', () => {
    const text = read('azure.yaml');
    const service = /services:\n {2}(\w+):/.exec(text)?.[1];
    expect(read('infra/modules/functionApp.bicep')).toContain(`'azd-service-name': '${service}'`);
    expect(text).toContain('dist: artifacts/package');
    expect(text).toContain('remoteBuild: false');
    for (const tool of named(text, /(infra\/tools\/\w+\.ts)/g)) expect(read(tool)).not.toBe('');
  });
});
