// npm run ask -- [--env NAME] QUESTION [--hours N]: answers on the terminal a question that alerts or the workbook ask.
import { readFileSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { azJson, main } from './azure/az.js';
import { outputsOf, root, takeEnvironment } from './azure/environment.js';
import { logQuery } from './azure/logQuery.js';

interface Table {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
}

const folder = `${root}infra/monitoring`;

await main(() => {
  const { name, rest } = takeEnvironment(process.argv.slice(2));
  const { values, positionals } = parseArgs({
    args: [...rest],
    options: { hours: { type: 'string', default: '4' } },
    allowPositionals: true,
  });
  const question = positionals[0];
  const query = questions().get(question ?? '');
  if (query === undefined) throw new Error(`Which question? npm run ask -- QUESTION, one of:\n${list()}`);
  if (!/^[1-9]\d{0,3}$/.test(values.hours)) throw new Error('--hours takes a whole number from 1 to 9999.');
  const { tables } = azJson<{ tables: readonly Table[] }>(...logQuery(outputsOf(name), query, `PT${values.hours}H`));
  for (const line of linesOf(tables[0] ?? { columns: [], rows: [] })) process.stdout.write(`${line}\n`);
});

/** The questions by name. */
function questions(): ReadonlyMap<string, string> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.kql'));
  return new Map(files.sort().map((file) => [file.slice(0, -4), readFileSync(`${folder}/${file}`, 'utf8')]));
}

function list(): string {
  return [...questions()]
    .map(([name, query]) => `  ${name.padEnd(20)}${query.slice(3, query.indexOf('\n'))}`)
    .join('\n');
}

/** A table for a terminal; each column is as wide as its widest value. */
function linesOf({ columns, rows }: Table): string[] {
  const cells = [columns.map(({ name }) => name), ...rows.map((row) => row.map((value) => String(value ?? '')))];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
