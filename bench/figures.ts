/** What several measurements of one thing came to. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function figure(values: readonly number[]): Figure {
  const sorted = [...values].sort((one, other) => one - other);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/** @param sorted ascending */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return below + (above - below) * (at - Math.floor(at));
}

/** One line of the result: a figure and its goal. */
export interface Line {
  readonly name: string;
  readonly figure: Figure;
  readonly unit: string;
  readonly goal?: Goal;
}

export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export function isMet({ figure, goal }: Line): boolean | undefined {
  if (goal === undefined) return undefined;
  return 'atLeast' in goal ? figure.median >= goal.atLeast : figure.median <= goal.atMost;
}

/** The lines as a Markdown table, readable in a terminal too. */
export function tableOf(lines: readonly Line[]): string {
  const rows = lines.map((line) => {
    const { name, figure: measured, unit, goal } = line;
    const wanted = goal && ('atLeast' in goal ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`);
    const verdict = { true: 'ok', false: 'missed' }[String(isMet(line))] ?? '';
    return [name, `${show(measured)} ${unit}`.trim(), wanted ?? '', verdict];
  });
  return table(['figure', 'median (min-max)', 'goal', ''], rows);
}

/** `median (min-max)`, without meaningless digits. */
function show({ median, min, max }: Figure): string {
  return min === max ? digits(median) : `${digits(median)} (${digits(min)}-${digits(max)})`;
}

function digits(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(Math.max(3, width)))), ...rows.map(line)].join('\n');
}
