import { Option, type Command } from 'commander';

import type { Environment } from '../../config/config.js';
import { settings, type SettingName } from '../../config/settings.js';
import { connectionSettingNames } from '../../config/storageSettings.js';

const connections = {
  SOURCE_STORAGE: "the source's account",
  CHECKPOINT_STORAGE: "the checkpoint table's account",
} as const;

type ConnectionName = keyof typeof connections;

/** Settings that only matter for the timer. */
const timerOnly: readonly SettingName[] = ['REPLICATION_SCHEDULE', 'RUN_SECONDS', 'WHEN_CAUGHT_UP'];

/** The settings of a command that only looks at the source. */
export const sourceSettings: readonly (SettingName | ConnectionName)[] = [
  'SOURCE_STORAGE',
  'SOURCE_CONTAINER',
  'SOURCE_ID',
  'ON_DAMAGE',
];

/** Every setting that has a meaning on the command line. */
export const allSettings: readonly (SettingName | ConnectionName)[] = [
  ...(Object.keys(connections) as ConnectionName[]),
  ...(Object.keys(settings) as SettingName[]).filter((name) => !timerOnly.includes(name)),
];

/** The flag of a setting: `SOURCE_STORAGE__accountName` is `--source-storage-account-name`. */
export function flagOf(setting: string): string {
  const words = setting.split('__').map((part) => part.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-'));
  return `--${words.join('-').replaceAll('_', '-').toLowerCase()}`;
}

/** Gives a command a flag for each of these settings, in a section of its own of its help. */
export function addSettingsFlags(command: Command, names: readonly (SettingName | ConnectionName)[]): Command {
  for (const name of names) {
    for (const option of isConnection(name) ? connectionOptions(name) : [settingOption(name)]) {
      command.addOption(option.helpGroup('Settings, which win over the environment:'));
    }
  }
  return command;
}

/** The environment with the flags of a command line laid over it. */
export function environmentWith(command: Command, environment: Environment): Environment {
  const given: Record<string, string> = {};
  for (const option of command.options) {
    const value = command.getOptionValue(option.attributeName()) as string | undefined;
    if (option instanceof SettingOption && value !== undefined) given[option.setting] = value;
  }
  const laid: Record<string, string | undefined> = { ...environment };
  for (const names of Object.keys(connections).map(connectionSettingNames)) {
    // A connection is one thing: a flag for a part of it replaces all of the connection in the environment.
    if (names.some((name) => name in given)) for (const name of names) laid[name] = undefined;
  }
  return { ...laid, ...given };
}

class SettingOption extends Option {
  constructor(
    readonly setting: string,
    placeholder: string,
    description: string,
  ) {
    super(`${flagOf(setting)} <${placeholder}>`, `${description} [${setting}]`);
  }
}

function settingOption(name: SettingName): SettingOption {
  const { meaning, defaultText, unit, secret } = settings[name];
  const standard = defaultText === undefined ? '' : ` Default: ${defaultText}.`;
  const text = `${meaning}${standard}${secret ? ` ${saferThere}` : ''}`;
  return new SettingOption(name, unit ?? 'value', text.replaceAll('`', ''));
}

const saferThere = 'Safer in the environment: others on this machine can see a command line.';

function connectionOptions(name: ConnectionName): SettingOption[] {
  const [whole = name, ...parts] = connectionSettingNames(name);
  const what = `Connection string of ${connections[name]}, or a service URL with a SAS.`;
  return [
    new SettingOption(whole, 'connection', `${what} Default: AzureWebJobsStorage. ${saferThere}`),
    ...parts.map((part) => new SettingOption(part, 'value', `The same with an identity: ${part.split('__')[1]}.`)),
  ];
}

function isConnection(name: SettingName | ConnectionName): name is ConnectionName {
  return name in connections;
}
