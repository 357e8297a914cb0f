import { convertSettingsOf } from '../../../src/config/convertSettings.js';
import { createConvert } from '../../../src/convert/convert.js';

export const sourceId = 'tapes';
/** The key that the settings exclude at the beginning. */
export const excludedKey = 'audit';

/** Settings that decide what is written, and the conversion under them. */
export type Settings = ReturnType<typeof createSettings>;

function createSettings(change: Readonly<Record<string, string>>) {
  const options = convertSettingsOf({ SOURCE_ID: sourceId, EXCLUDE_KEYS: excludedKey, BODY_MODE: 'auto', ...change });
  if (!options) throw new Error(`no settings: ${JSON.stringify(change)}`);
  return { options, digest: options.settings, convert: createConvert(options) };
}

/** The settings at the beginning, and those to which they are changed. */
export const settings = {
  first: createSettings({}),
  raw: createSettings({ BODY_MODE: 'raw' }),
  renamed: createSettings({ TYPE_MAP: 'Shop/Event0=Shop/First' }),
  allKeys: createSettings({ EXCLUDE_KEYS: '' }),
  fewerKeys: createSettings({ EXCLUDE_KEYS: `${excludedKey},func` }),
};

export type SettingsName = keyof typeof settings;

export const settingsNames = Object.keys(settings) as SettingsName[];

/** The settings with a digest; undefined for one that no process ever had. */
export function settingsWith(digest: string): Settings | undefined {
  return Object.values(settings).find((one) => one.digest === digest);
}
