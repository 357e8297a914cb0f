import { Command } from 'commander';
import { describe, expect, test } from 'vitest';

import {
  addSettingsFlags,
  allSettings,
  environmentWith,
  flagOf,
  sourceSettings,
} from '../../../src/cli/terminal/settingsFlags.js';
import { settings } from '../../../src/config/settings.js';

function parsed(...args: string[]): Command {
  const command = addSettingsFlags(new Command('test').exitOverride(), allSettings);
  return command.parse(args, { from: 'user' });
}

describe('The flags of the settings', () => {
  test('The flags are named after the settings', () => {
    expect(
      ['SOURCE_CONTAINER', 'SOURCE_STORAGE__accountName', 'CHECKPOINT_STORAGE__tableServiceUri'].map(flagOf),
    ).toEqual(['--source-container', '--source-storage-account-name', '--checkpoint-storage-table-service-uri']);
  });

  test('There is a distinct flag for every setting but those of the timer', () => {
    const flags = parsed().options.map(({ long }) => long);
    expect(new Set(flags).size).toBe(flags.length);
    const timer = ['REPLICATION_SCHEDULE', 'RUN_SECONDS', 'WHEN_CAUGHT_UP'];
    expect(flags).toEqual(
      expect.arrayContaining(
        Object.keys(settings)
          .filter((name) => !timer.includes(name))
          .map(flagOf),
      ),
    );
    expect(flags).not.toContain('--run-seconds');
  });

  test('The flags of the settings win over the environment, which fills in what they leave out', () => {
    const environment = { SOURCE_CONTAINER: 'from-environment', TARGET_STREAM: 'from-environment' };
    const laid = environmentWith(parsed('--source-container', 'from-flag', '--exclude-keys', ''), environment);
    expect(laid['SOURCE_CONTAINER']).toBe('from-flag');
    expect(laid['TARGET_STREAM']).toBe('from-environment');
    expect(laid['EXCLUDE_KEYS']).toBe('');
  });

  test('The flags of the settings never mix a connection with the parts of another one', () => {
    const laid = environmentWith(parsed('--source-storage-account-name', 'billing'), {
      SOURCE_STORAGE: 'of the environment',
      SOURCE_STORAGE__clientId: 'of the environment',
      CHECKPOINT_STORAGE: 'of the environment',
    });
    expect(laid['SOURCE_STORAGE__accountName']).toBe('billing');
    expect(laid['SOURCE_STORAGE']).toBeUndefined();
    expect(laid['SOURCE_STORAGE__clientId']).toBeUndefined();
    expect(laid['CHECKPOINT_STORAGE']).toBe('of the environment');
  });

  test('A secret in a flag brings the warning that a command line can be seen', () => {
    const help = parsed().helpInformation().replaceAll(/\s+/g, ' ');
    expect(help).toContain('--eventstore-connection-string <value>');
    const secrets = Object.values(settings).filter(({ secret }) => secret).length;
    const connections = 2;
    expect(help.split('Safer in the environment').length - 1).toBe(secrets + connections);
  });

  test('The flags of a command that only looks at the source are those of the source', () => {
    const command = addSettingsFlags(new Command('inspect'), sourceSettings);
    expect(command.options.map(({ long }) => long)).not.toContain('--eventstore-connection-string');
  });
});
