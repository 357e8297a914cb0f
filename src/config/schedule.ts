/**
 * True for a schedule that the Functions host's timer takes: NCRONTAB, six fields (second, minute, hour, day, month,
 * day of the week) or five (without seconds). Time spans, which only some hosting plans take, are not.
 */
export function isNcrontab(text: string): boolean {
  const given = text.trim().split(/\s+/);
  const expected = given.length === 5 ? fields.slice(1) : fields;
  return given.length === expected.length && expected.every((field, index) => fits(given[index] ?? '', field));
}

interface Field {
  readonly from: number;
  readonly to: number;
  /** Names that stand for the numbers from `from` on; any text that begins with one counts. */
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const fields: readonly Field[] = [
  { from: 0, to: 59 },
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31 },
  { from: 1, to: 12, names: months },
  { from: 0, to: 6, names: days },
];

/** A list of `*`, a value or a range, each with a step if need be. */
function fits(text: string, field: Field): boolean {
  return text.split(',').every((item) => {
    const [range = '', step, ...rest] = item.split('/');
    if (rest.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step))) return false;
    if (range === '*') return true;
    const ends = range.split('-').map((end) => valueOf(end, field));
    return ends.length <= 2 && ends.every((end) => end >= field.from && end <= field.to);
  });
}

function valueOf(text: string, { from, names = [] }: Field): number {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const index = names.findIndex((name) => text.length >= 3 && text.toLowerCase().startsWith(name));
  return index < 0 ? NaN : from + index;
}

/**
 * The shortest and the longest time, in seconds, between two ticks of a schedule that repeats within each hour
 * (`0 * * * * *`, or with steps or lists of minutes and seconds).
 *
 * @returns undefined for a schedule that names hours or days: it is not meant to run all the time
 */
export function intervalSeconds(schedule: string): { readonly shortest: number; readonly longest: number } | undefined {
  const given = schedule.trim().split(/\s+/);
  const [seconds = '', minutes = '', ...others] = given.length === 5 ? ['0', ...given] : given;
  if (others.some((field) => field !== '*' && field !== '*/1')) return undefined;
  const ticks = valuesOf(minutes).flatMap((minute) => valuesOf(seconds).map((second) => minute * 60 + second));
  const gaps = ticks.map((tick, index) => (ticks[index + 1] ?? (ticks[0] ?? 0) + 3600) - tick);
  return { shortest: Math.min(...gaps), longest: Math.max(...gaps) };
}

/** The values from 0 to 59 that a valid field of seconds or minutes names, in order. */
function valuesOf(text: string): number[] {
  const values = text.split(',').flatMap((item) => {
    const [range = '', step] = item.split('/');
    const [from = NaN, to = step === undefined ? from : 59] = range === '*' ? [0, 59] : range.split('-').map(Number);
    const every = Number(step ?? 1);
    return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, index) => from + index * every);
  });
  return [...new Set(values)].sort((one, other) => one - other);
}
