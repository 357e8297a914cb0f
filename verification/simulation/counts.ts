/** How often something happened, by name. */
export type Counts = Readonly<Record<string, number>>;

/** Counts while a schedule is played. */
export class Counter {
  readonly counts: Record<string, number> = {};

  count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

export function added(one: Counts, other: Counts): Counts {
  const sum = { ...one };
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** The counts as text, the highest first: `exact 12, TargetLost 3`. */
export function listed(counts: Counts): string {
  const entries = Object.entries(counts).sort(([, one], [, other]) => other - one);
  return entries.map(([name, count]) => `${name} ${count}`).join(', ');
}
