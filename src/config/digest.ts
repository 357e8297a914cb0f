import { createHash } from 'node:crypto';
import type { z } from 'zod';

import { settings, type SettingName, type settingsSchema } from './settings.js';

type SettingValues = z.output<typeof settingsSchema>;

/** The settings that decide what is written, by name, as text that does not depend on how a person wrote the value. */
export function settingsInDigest(values: Partial<SettingValues>): Record<string, string> {
  const names = (Object.keys(settings) as SettingName[]).filter((name) => settings[name].inDigest);
  return Object.fromEntries(names.map((name) => [name, textOf(values[name])]));
}

function textOf(value: SettingValues[SettingName] | undefined): string {
  if (!Array.isArray(value)) return String(value ?? '');
  return value.map((item: string | readonly string[]) => (typeof item === 'string' ? item : item.join('='))).join(',');
}

/** These are comma-separated: neither order nor repetition changes what is written. */
const lists: ReadonlySet<string> = new Set<string>(['EXCLUDE_KEYS', 'TYPE_MAP', 'STRIP_NAMESPACES']);

/**
 * Eight hex digits that change whenever a setting that decides what is written changes. Taken over the settings' text
 * in a canonical form: sorted by name, lists trimmed, sorted and without repetition; an empty setting counts as absent,
 * so a setting added later leaves the digest of those who do not use it alone.
 *
 * @param values setting name to its text, defaults included; see {@link settingsInDigest}.
 */
export function settingsDigest(values: Readonly<Record<string, string>>): string {
  const canonical = Object.entries(values)
    .map(([name, value]): [string, string[]] => [name, lists.has(name) ? listItems(value) : [value]])
    .filter(([, items]) => items.join('') !== '')
    .sort(([one], [other]) => compareText(one, other));
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex').slice(0, 8);
}

function listItems(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  return [...new Set(items)].filter((item) => item !== '').sort(compareText);
}

/** By code unit, so that the digest is the same under every locale. */
function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
