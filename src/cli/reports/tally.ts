import { number, table } from './wording.js';

/** Memory stays bounded: names beyond so many are counted together. */
const maxNames = 100_000;

/** How often a name was seen; without a name, the names that are counted together. */
export interface Count {
  readonly name: string | null;
  readonly count: number;
}

export class Tally {
  private readonly byName = new Map<string, number>();
  private others = 0;

  add(name: string): void {
    const seen = this.byName.get(name);
    if (seen === undefined && this.byName.size >= maxNames) this.others += 1;
    else this.byName.set(name, (seen ?? 0) + 1);
  }

  /** Names and counts, most frequent first; last, without a name, those that are counted together. */
  get counts(): readonly Count[] {
    const named = mostFrequentFirst(this.byName);
    return this.others === 0 ? named : [...named, { name: null, count: this.others }];
  }
}

/** Names of the same count are in alphabetical order. */
export function mostFrequentFirst(counts: ReadonlyMap<string, number>): { name: string; count: number }[] {
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1));
}

/** The most frequent names as lines under a heading. */
export function tallyLines(heading: string, counts: readonly Count[], most = 20): string[] {
  const shown = counts.slice(0, most).map(({ name, count }) => [`  ${number(count)}`, nameText(name)]);
  const hidden = counts.length - shown.length;
  return [
    `${heading}:`,
    ...(shown.length === 0 ? ['  none'] : table(shown)),
    ...(hidden > 0 ? [`  and ${number(hidden)} more (--json shows all)`] : []),
  ];
}

function nameText(name: string | null): string {
  if (name === null) return '(all others together)';
  return name === '' ? '(empty)' : name;
}
