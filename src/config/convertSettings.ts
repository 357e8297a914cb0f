import type { z } from 'zod';

import { settingsDigest, settingsInDigest } from './digest.js';
import { settingsSchema } from './settings.js';

const convertSchema = settingsSchema.pick({
  SOURCE_ID: true,
  EXCLUDE_KEYS: true,
  BODY_MODE: true,
  TYPE_MAP: true,
  STRIP_NAMESPACES: true,
});

type ConvertValues = z.output<typeof convertSchema> & { readonly SOURCE_ID: string };

/** How records become events. */
export function convertSettings(values: ConvertValues) {
  const { SOURCE_ID, EXCLUDE_KEYS, BODY_MODE, TYPE_MAP, STRIP_NAMESPACES } = values;
  const settingsByName = settingsInDigest({ SOURCE_ID, EXCLUDE_KEYS, BODY_MODE, TYPE_MAP, STRIP_NAMESPACES });
  return {
    sourceId: SOURCE_ID,
    excludeKeys: EXCLUDE_KEYS,
    bodyMode: BODY_MODE,
    /** Contract name to event type. */
    typeMap: Object.fromEntries(TYPE_MAP) as Record<string, string>,
    stripNamespaces: STRIP_NAMESPACES,
    /** Digest of the settings that decide what is written, 8 hex digits. */
    settings: settingsDigest(settingsByName),
    /** The same settings by name, so that a change can be named. */
    settingsByName,
  };
}

/**
 * How records became events under settings that a checkpoint row remembers.
 *
 * @param settingsByName see {@link settingsInDigest}
 * @returns undefined for settings that this version does not know
 */
export function convertSettingsOf(
  settingsByName: Readonly<Record<string, string>>,
): ReturnType<typeof convertSettings> | undefined {
  const { SOURCE_ID } = settingsByName;
  const { data } = convertSchema.safeParse(settingsByName);
  if (!data || SOURCE_ID === undefined) return undefined;
  const convert = convertSettings({ ...data, SOURCE_ID });
  // A setting that only another version knows makes another digest.
  return convert.settings === settingsDigest(settingsByName) ? convert : undefined;
}
