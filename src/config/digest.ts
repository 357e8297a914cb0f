import { createHash } from 'node:crypto';

/** The settings that decide what is written, in the order in which the digest takes them. */
export const digestedSettings = ['SOURCE_ID', 'EXCLUDE_KEYS', 'BODY_MODE', 'TYPE_MAP', 'STRIP_NAMESPACES'] as const;

/** These are comma-separated: neither order nor repetition changes what is written. */
const lists: ReadonlySet<string> = new Set<string>(['EXCLUDE_KEYS', 'TYPE_MAP', 'STRIP_NAMESPACES']);

/**
 * Eight hex digits that change whenever a setting that decides what is written changes. Taken over the settings' text
 * in a canonical form: sorted by name, lists trimmed, sorted and without repetition; an empty setting counts as absent,
 * so a setting added later leaves the digest of those who do not use it alone.
 *
 * @param values setting name to its text as a person writes it, defaults filled in; see {@link digestedSettings}.
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
