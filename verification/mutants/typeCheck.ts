import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** Another text of a file of the project. */
export interface Variant {
  /** From the project's folder. */
  readonly file: string;
  readonly text: string;
}

/**
 * What the compiler says of each variant; nothing of most. A change that does not compile says nothing about the tests.
 * What it leaves unused does no harm. Variants of different files are looked at together, which saves a minute.
 */
export function typeCheck<V extends Variant>(project: string, variants: readonly V[]): Map<V, readonly string[]> {
  const files = [...new Set(variants.map(({ file }) => file))];
  const texts = new Map<string, string>();
  let round = 0;
  const service = languageService(project, files, {
    text: (path) => texts.get(path),
    version: (path) => (texts.has(path) ? `round ${round}` : ''),
  });
  const found = new Map<V, readonly string[]>();
  for (let left = variants; left.length > 0; left = left.filter((variant) => !found.has(variant))) {
    round++;
    texts.clear();
    const together = left.filter(({ file }, index) => left.findIndex((other) => other.file === file) === index);
    for (const { file, text } of together) texts.set(join(project, file), text);
    for (const variant of together) {
      const path = join(project, variant.file);
      const messages = [...service.getSyntacticDiagnostics(path), ...service.getSemanticDiagnostics(path)];
      found.set(
        variant,
        messages.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')),
      );
    }
  }
  return found;
}

interface Texts {
  /** The file's text where it is not the one on disk. */
  readonly text: (path: string) => string | undefined;
  readonly version: (path: string) => string;
}

function languageService(project: string, files: readonly string[], { text, version }: Texts): ts.LanguageService {
  const { config } = ts.readConfigFile(join(project, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, project);
  return ts.createLanguageService({
    getCompilationSettings: () => ({ ...options, noUnusedLocals: false, noUnusedParameters: false }),
    getScriptFileNames: () => files.map((file) => join(project, file)),
    getScriptVersion: version,
    getScriptSnapshot: (path) => {
      const found = text(path) ?? ts.sys.readFile(path);
      return found === undefined ? undefined : ts.ScriptSnapshot.fromString(found);
    },
    getCurrentDirectory: () => project,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
    fileExists: (path) => ts.sys.fileExists(path),
    readFile: (path) => readFileSync(path, 'utf8'),
    directoryExists: (path) => ts.sys.directoryExists(path),
    realpath: (path) => ts.sys.realpath?.(path) ?? path,
  });
}
