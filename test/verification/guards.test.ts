import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { testsOf, type Guard } from '../../verification/mutants/guard.js';
import { guards } from '../../verification/mutants/guards/guards.js';
import { markersIn, markersOf, type Marker } from '../../verification/mutants/markers.js';
import { mutantsOf, type Mutant } from '../../verification/mutants/mutant.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const markers = markersOf(project);
const { mutants, wrong } = mutantsOf(guards, markers);

test('Each guard is marked once in src, each marker has an entry, and each rule fits the code that is marked', () => {
  expect(wrong).toEqual([]);
  const unchanged = mutants.filter(({ guard, text }) => text === markerOf(guard.name).source.text);
  expect(unchanged.map(({ guard }) => guard.name)).toEqual([]);
});

test('Each guard names tests that exist', () => {
  const texts = new Map<string, string>();
  const missing = guards.filter((guard) => {
    const { file, named } = testsOf(guard);
    const text = texts.get(file) ?? testText(file);
    texts.set(file, text);
    return text === '' || !text.includes(named);
  });
  expect(missing.map(({ name, noticedBy }) => `${name}: ${noticedBy}`)).toEqual([]);
});

/** A test file, with the modules beside it that it imports: some hold tests that it shares with a longer one. */
function testText(file: string): string {
  const path = join(project, file);
  if (!existsSync(path)) return '';
  const text = readFileSync(path, 'utf8');
  const beside = [...text.matchAll(/ from '\.\/(\w+)\.js'/g)].map(([, name = '']) => join(path, '..', `${name}.ts`));
  return [text, ...beside.filter(existsSync).map((one) => readFileSync(one, 'utf8'))].join('\n');
}

/** Guards of different rules, on statements of different forms. */
const reworded = [
  'exact-revision',
  'no-stream',
  'sha1-of-a-frame',
  'overlap-of-20-bytes',
  'where-a-chunk-was-left',
  'prefix-as-a-number',
  'zeros-that-are-part-of-a-frame',
  'watch-of-chunks-left',
  'memory-of-what-was-accepted',
  'fingerprint-in-the-event-id',
  'correlation-id',
  'deadline-of-an-append',
  'accepted-is-the-very-event',
  'source-id-is-never-changed',
  'split-record-index',
  'redaction-in-the-row',
  'kept-before-its-event',
  'verify-bodies',
  'verify-missing-in-between',
  'verify-to-the-last-event',
];

test.each(reworded)('%s is found and removed also when variables are renamed and comments reworded', (name) => {
  const { file, source, marked } = markerOf(name);
  const renamed = withVariablesRenamed(source, marked);
  expect(renamed).not.toBe(source.text);
  const text = renamed.replace(/(^ *|; )\/\/ (?!guard: ).*$/gm, '$1// said in other words');
  const { wrong, mutants: anew } = mutantsOf(guardsIn(file), markersIn(file, text));
  expect(wrong).toEqual([]);
  expect(changedLines(text, mutantOf(name, anew))).toEqual(changedLines(source.text, mutantOf(name, mutants)));
});

test.each(['exact-revision', 'tail-by-mark', 'kept-message-is-not-written-over', 'verify-missing-in-between'])(
  '%s is reported when its marker is gone, alone or with what it marks',
  (name) => {
    const { file, source, marked } = markerOf(name);
    const from = source.text.indexOf(`// guard: ${name}\n`);
    const unmarked = source.text.replace(`// guard: ${name}\n`, '\n');
    const deleted = source.text.slice(0, from) + source.text.slice(marked.end).replace(/^,/, '');
    for (const text of [unmarked, deleted]) {
      const { wrong } = mutantsOf(guardsIn(file), markersIn(file, text));
      expect(wrong).toEqual([`${name}: the comment "// guard: ${name}" stands nowhere in src`]);
    }
  },
);

test('A guard is reported when what it marks is gone, and nothing of the kind that its rule is for follows', () => {
  const name = 'failure-of-an-append';
  const { file, source, marked } = markerOf(name);
  const text = source.text.slice(0, marked.getStart()) + source.text.slice(marked.end);
  const { wrong } = mutantsOf(guardsIn(file), markersIn(file, text));
  expect(wrong).toEqual([`${name}: the rule "remove" does not fit what is marked in ${file}`]);
});

test('A marker without an entry, and one that stands twice, are reported', () => {
  const { name, file, source } = markerOf('redaction-of-secrets');
  const [first, ...others] = guardsIn(file);
  expect(mutantsOf(others, markersIn(file, source.text)).wrong).toEqual([
    `${first?.name}: ${file} marks a guard that has no entry in verification/mutants/guards`,
  ]);
  const twice = [...markersIn(file, source.text), ...markersIn('src/other.ts', source.text)];
  expect(mutantsOf(guardsIn(file), twice).wrong).toEqual([
    `${name}: the comment "// guard: ${name}" stands in ${file} and src/other.ts`,
  ]);
});

function markerOf(name: string): Marker & { readonly marked: ts.Node } {
  const marker = markers.find((one) => one.name === name);
  if (!marker?.marked) throw new Error(`${name} marks nothing`);
  return { ...marker, marked: marker.marked };
}

function mutantOf(name: string, among: readonly Mutant[]): string {
  return among.find(({ guard }) => guard.name === name)?.text ?? '';
}

function guardsIn(file: string): Guard[] {
  const names = markers.filter((one) => one.file === file).map(({ name }) => name);
  return guards.filter(({ name }) => names.includes(name));
}

/** The first and the last line of a text that another has not. */
function changedLines(text: string, other: string): readonly [from: number, to: number] {
  const [lines, others] = [text.split('\n'), other.split('\n')];
  const from = lines.findIndex((line, at) => line !== others[at]);
  const to = lines.findLastIndex((line, at) => line !== others[at + others.length - lines.length]);
  return [from, to];
}

/** The file with other names for all variables and parameters that what is marked uses. */
function withVariablesRenamed({ fileName, text }: ts.SourceFile, marked: ts.Node): string {
  const service = ts.createLanguageService({
    getCompilationSettings: () => ({ noLib: true, noResolve: true, types: [], target: ts.ScriptTarget.Latest }),
    getScriptFileNames: () => [fileName],
    getScriptVersion: () => '',
    getScriptSnapshot: (name) => (name === fileName ? ts.ScriptSnapshot.fromString(text) : undefined),
    getCurrentDirectory: () => '',
    getDefaultLibFileName: () => '',
    fileExists: (name) => name === fileName,
    readFile: () => undefined,
  });
  const program = service.getProgram();
  const source = program?.getSourceFile(fileName);
  const names = new Map<number, string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.pos >= marked.pos && node.end <= marked.end && isVariable(node)) {
      const found = service.findRenameLocations(fileName, node.getStart(), false, false, {
        providePrefixAndSuffixTextForRename: true,
      });
      for (const { textSpan, prefixText = '', suffixText = '' } of found ?? [])
        names.set(textSpan.start, `${prefixText}${node.text}Renamed${suffixText}`);
    }
    ts.forEachChild(node, visit);
  };
  const isVariable = (node: ts.Identifier): boolean => {
    const declaration = program?.getTypeChecker().getSymbolAtLocation(node)?.valueDeclaration;
    return (
      !!declaration &&
      (ts.isVariableDeclaration(declaration) || ts.isParameter(declaration) || ts.isBindingElement(declaration))
    );
  };
  if (source) visit(source);
  return [...names]
    .sort(([one], [other]) => other - one)
    .reduce((before, [at, name]) => before.slice(0, at) + name + before.slice(at).replace(/^[\w$]+/, ''), text);
}
