import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** A comment `// guard: NAME` in the code, and what it marks. */
export interface Marker {
  readonly name: string;
  /** The path from the project's folder. */
  readonly file: string;
  readonly source: ts.SourceFile;
  /** The marked code; undefined if no code that a rule could change follows the comment. */
  readonly marked: ts.Node | undefined;
}

/** Every marker in the project's `src`. */
export function markersOf(project: string): Marker[] {
  const names = readdirSync(join(project, 'src'), { encoding: 'utf8', recursive: true }).sort();
  const files = names.filter((name) => name.endsWith('.ts')).map((name) => `src/${name.replaceAll('\\', '/')}`);
  return files.flatMap((file) => markersIn(file, readFileSync(join(project, file), 'utf8')));
}

/** The markers in a file's text, in the order of the text. */
export function markersIn(file: string, text: string): Marker[] {
  const comments = [...text.matchAll(/^(.*)\/\/ guard: ([a-z0-9-]+)\r?$/gm)];
  if (comments.length === 0) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return comments.map(({ index, 0: { length }, 1: before = '', 2: name = '' }) => {
    // A marker stands above the line that it marks, or at the end of it.
    const from = before.trim() === '' ? index + length : index;
    return { name, file, source, marked: outermostAt(firstToken(text, from), source) };
  });
}

/** Where the next token starts; skips `else`. */
function firstToken(text: string, from: number): number {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, text, undefined, from);
  while (scanner.scan() === ts.SyntaxKind.ElseKeyword);
  return scanner.getTokenStart();
}

function outermostAt(start: number, within: ts.Node): ts.Node | undefined {
  return ts.forEachChild(within, (child) => {
    if (start < child.getStart() || start >= child.end) return undefined;
    return child.getStart() === start ? child : outermostAt(start, child);
  });
}
