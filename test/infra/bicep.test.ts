import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bicepVersion } from '../../dev/bicep.js';
import {
  bicep,
  committedSnapshot,
  parameterFiles,
  snapshot,
  snapshotWith,
  type Snapshot,
} from '../../infra/tools/azure/bicep.js';
import { root } from '../../infra/tools/azure/environment.js';
import { Deployment } from './deployment.js';
import { hasBicep } from './tool.js';

const bicepFiles = readdirSync(join(root, 'infra'), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('.bicep') || path.endsWith('.bicepparam'));

const here = hasBicep();

beforeAll(() => void mkdirSync(join(root, 'artifacts'), { recursive: true }));

describe.skipIf(!here)('The Bicep CLI', () => {
  test('The Bicep CLI is the version that NuGet is asked for', () => {
    expect(readFileSync(join(root, 'dev/bicep/bicep.csproj'), 'utf8')).toContain(`[${bicepVersion}]`);
    expect(bicep('--version').stdout).toContain(bicepVersion);
  });

  // Each command that compiles a file also prints the linter's findings on that file and on the files that it uses.
  test('The Bicep CLI builds infra/vault.bicep without a message', () => {
    expect(bicep('build', 'infra/vault.bicep', '--stdout')).toMatchObject({ status: 0, said: '' });
  });

  test('The Bicep CLI finds every file formatted', () => {
    const copy = mkdtempSync(join(root, 'artifacts/formatted-'));
    try {
      cpSync(join(root, 'infra'), copy, { recursive: true });
      for (const kind of ['bicep', 'bicepparam']) {
        expect(bicep('format', '--pattern', `${copy}/**/*.${kind}`)).toMatchObject({ status: 0, said: '' });
      }
      expect(bicepFiles.length).toBeGreaterThan(15);
      const changed = bicepFiles.filter(
        (path) => readFileSync(join(copy, path), 'utf8') !== readFileSync(join(root, 'infra', path), 'utf8'),
      );
      expect(changed).toEqual([]);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  test.each(parameterFiles)(
    'The Bicep CLI finds that %s deploys what its committed snapshot says, and has nothing else to say',
    (file) => {
      expect(snapshot(file, 'validate')).toMatchObject({ status: 0, said: '' });
    },
  );
});

describe.skipIf(!here)('A parameter that Azure would refuse', () => {
  test('A parameter that Azure would refuse is refused before anything is deployed', () => {
    const file = 'infra/prod.bicepparam';
    expect(() => snapshotWith(file, { instanceMemoryMB: '700' })).toThrow('700');
    expect(() => snapshotWith(file, { environmentName: "'a'" })).toThrow('minimum');
  });
});

describe.skipIf(!here)('A machine that exists', () => {
  const file = 'infra/prod.bicepparam';

  test('A machine that exists stays as it is, byte for byte, when version, log, projections, settings or paused change', () => {
    const before = new Deployment(committedSnapshot(file));
    const changed = {
      serverVersion: "'26.0.9'",
      serverLogLevel: "'Debug'",
      serverProjections: "'All'",
      settings: "{ TARGET_STREAM: 'elsewhere' }",
      paused: 'true',
      profile: "'economy'",
      logDailyCapGB: '5',
    };
    const after = new Deployment(snapshotWith(file, changed));
    expect(after.script).not.toBe(before.script);
    expect(after.placed('/etc/eventferry/machine.env')).toContain("KURRENTDB_VERSION='26.0.9'");
    expect(JSON.stringify(after.vm)).toBe(JSON.stringify(before.vm));
    for (const type of ['Microsoft.Compute/disks', 'Microsoft.Network/networkInterfaces']) {
      expect(after.one(type)).toEqual(before.one(type));
    }
    expect(after.settings['AzureWebJobs.replicate.Disabled']).toBe('true');
  });
});

describe.skipIf(!here)('A vault that exists', () => {
  test('A vault that exists keeps deleted secrets as long as before when purge protection is switched on, since Azure refuses a change of that', () => {
    const file = 'infra/dev.bicepparam';
    const vaultOf = (foreseen: Snapshot) => new Deployment(foreseen).one('Microsoft.KeyVault/vaults').properties;
    const before = vaultOf(committedSnapshot(file));
    expect(before).not.toHaveProperty('enablePurgeProtection', true);
    expect(vaultOf(snapshotWith(file, { purgeProtection: 'true' }))).toEqual({
      ...before,
      enablePurgeProtection: true,
    });
  });
});

describe.skipIf(!here)('A mistake in the Bicep files', () => {
  let copy: string;
  const write = (path: string, change: (text: string) => string) =>
    writeFileSync(join(copy, path), change(readFileSync(join(root, 'infra', path), 'utf8')));

  beforeEach(() => {
    copy = mkdtempSync(join(root, 'artifacts/infra-copy-'));
    cpSync(join(root, 'infra'), copy, { recursive: true });
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  test('A mistake in the Bicep files is noticed: a property that does not exist', () => {
    write('modules/storage.bicep', (text) => text.replace('allowBlobPublicAccess: false', 'allowPublicBlobs: false'));
    expect(bicep('build', join(copy, 'modules/storage.bicep'), '--stdout').said).toContain('BCP037');
  });

  test('A mistake in the Bicep files is noticed: a parameter that nothing uses', () => {
    write('modules/identity.bicep', (text) => `${text}\n@description('Nothing.')\nparam nothing string = ''\n`);
    const { status, said } = snapshot(join(relative(root, copy), 'dev.bicepparam'), 'validate');
    expect(status).toBe(0);
    expect(said).toContain('no-unused-params');
  });

  test('A mistake in the Bicep files is noticed: a file that is not formatted', () => {
    write('modules/roles.bicep', (text) =>
      text.replace('param appPrincipalId string', 'param  appPrincipalId   string'),
    );
    const file = join(copy, 'modules/roles.bicep');
    expect(bicep('format', file, '--stdout').stdout).not.toBe(readFileSync(file, 'utf8'));
  });

  test('A mistake in the Bicep files is noticed: a parameter file that sets a parameter that does not exist', () => {
    write('dev.bicepparam', (text) => `${text}\nparam colour = 'blue'\n`);
    expect(bicep('build-params', join(copy, 'dev.bicepparam'), '--stdout').status).not.toBe(0);
  });

  test('A mistake in the Bicep files is noticed: a change of what is deployed, such as customData, that the snapshot does not have', () => {
    write('vm/cloud-init.yaml', (text) =>
      text.replace('/usr/local/sbin/mount-data]', '/usr/local/sbin/mount-data, now]'),
    );
    const { status, said, stdout } = snapshot(join(relative(root, copy), 'prod.bicepparam'), 'validate');
    expect(status).toBe(1);
    expect(said + stdout).toContain('customData');
  });
});

describe('What the Bicep files declare', () => {
  const declared = bicepFiles
    .filter((path) => path.endsWith('.bicep'))
    .flatMap((path) =>
      [
        ...readFileSync(join(root, 'infra', path), 'utf8').matchAll(
          /((?:^@.*\n)*)^param (\w+) ([^\n=]+?)(?: = ([^\n]*))?$/gm,
        ),
      ].map(([, decorators = '', name = '', type = '', preset]) => ({ path, name, type, preset, decorators })),
    );

  test('Every parameter and every output of the Bicep files is described', () => {
    expect(declared.length).toBeGreaterThan(100);
    expect(declared.filter(({ decorators }) => !decorators.includes('@description('))).toEqual([]);
    const outputs = bicepFiles.flatMap(
      (path) => readFileSync(join(root, 'infra', path), 'utf8').match(/.*\noutput /g) ?? [],
    );
    expect(outputs.length).toBeGreaterThan(20);
    expect(outputs.filter((text) => !text.startsWith('@description('))).toEqual([]);
  });

  test('Each parameter of the Bicep files that a person sets refuses what is known to be wrong', () => {
    const open = declared.filter(
      ({ path, type, preset, decorators }) =>
        path === 'main.bicep' &&
        ['string', 'int'].includes(type) &&
        !/@(?:allowed|minLength|minValue)\(/.test(decorators) &&
        preset !== "''", // these may be empty; their description says what that means
    );
    expect(open).toEqual([]);
  });
});
