import ts from 'typescript';
import type { Guard } from './guard.js';
import type { Marker } from './markers.js';
import { withoutGuard } from './rules.js';

/** A guard, and the text of its file without it. */
export interface Mutant {
  readonly guard: Guard;
  /** The path from the project's folder. */
  readonly file: string;
  readonly text: string;
}

/** Makes a mutant for each guard. `wrong` names all that does not agree between the tables and the markers. */
export function mutantsOf(
  guards: readonly Guard[],
  markers: readonly Marker[],
): { readonly mutants: readonly Mutant[]; readonly wrong: readonly string[] } {
  const mutants: Mutant[] = [];
  const wrong: string[] = [];
  const names = new Set<string>();
  for (const guard of guards) {
    const { name, rule } = guard;
    if (names.has(name)) wrong.push(`${name}: two guards have this name`);
    names.add(name);
    const [marker, ...more] = markers.filter((one) => one.name === name);
    if (!marker || more.length > 0) {
      const files = [marker, ...more].map((one) => one?.file).join(' and ');
      wrong.push(`${name}: the comment "// guard: ${name}" stands ${marker ? `in ${files}` : 'nowhere in src'}`);
      continue;
    }
    try {
      const text = withoutGuard(marker, rule);
      if (!isValid(text)) wrong.push(`${name}: after "${rule}" ${marker.file} is no TypeScript any more`);
      mutants.push({ guard, file: marker.file, text });
    } catch (error) {
      wrong.push((error as Error).message);
    }
  }
  for (const { name, file } of markers) {
    if (!names.has(name)) wrong.push(`${name}: ${file} marks a guard that has no entry in verification/mutants/guards`);
  }
  return { mutants, wrong };
}

/**
 * Whether the text is valid by its syntax. Types are not checked, because tests run without them. No rule removes a
 * declaration that other code names, and names that become unused do no harm.
 */
function isValid(text: string): boolean {
  const source = ts.createSourceFile('mutant.ts', text, ts.ScriptTarget.Latest) as ts.SourceFile & {
    readonly parseDiagnostics: readonly ts.Diagnostic[];
  };
  return source.parseDiagnostics.length === 0;
}
