import { build, type Metafile } from 'esbuild';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly main: string;
  readonly bin: Readonly<Record<string, string>>;
}

/** CommonJS packages use these variables in every file; an ES module does not have them. */
const commonJs = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __fileURLToPath } from 'node:url';",
  "import { dirname as __dirnameOf } from 'node:path';",
  'const require = __createRequire(import.meta.url);',
  'const __thisFile = __fileURLToPath(import.meta.url);',
  'const __thisFolder = __dirnameOf(__thisFile);',
].join(' ');

/**
 * Bundles the built program with the packages that it imports: a start then reads a few files instead of hundreds and
 * takes half the time (startTime.ts measures it). Names are kept, so that stack traces stay readable.
 *
 * The client library of the event store is a separate file, because the scripts of the machine load it too.
 *
 * @param root a repository that is installed and built
 * @returns the packages that are in the bundle
 */
export async function bundle(root: string, folder: string): Promise<ReadonlySet<string>> {
  const { main, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const entries = [...filesOf(root, main), ...Object.values(bin)];
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [
      ...entries.map((path) => ({ in: path, out: path.replace(/\.js$/, '') })),
      { in: '@eventstore/db-client', out: 'dist/vendor/db-client' },
    ],
    outdir: folder,
    // Keeps the folder depth of the source files: code may load other files by a relative path.
    chunkNames: 'dist/shared/[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // The host's worker provides it.
    external: ['@azure/functions-core'],
    banner: { js: commonJs },
    define: { __filename: '__thisFile', __dirname: '__thisFolder' },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const packages = packagesIn(metafile);
  writeFileSync(join(folder, 'dist/THIRD-PARTY-NOTICES.txt'), notices(root, packages));
  return new Set([...packages].map(nameOf));
}

/** The files that `main` of package.json names; its form is `folder/{one,other}.js` or `folder/*.js`. */
function filesOf(root: string, main: string): string[] {
  const [folder = '', name = ''] = [main.slice(0, main.lastIndexOf('/')), main.slice(main.lastIndexOf('/') + 1)];
  const expression = name
    .replace(/[.+^$()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replace(/\{([^}]*)\}/g, (_, choices: string) => `(?:${choices.replaceAll(',', '|')})`);
  const pattern = new RegExp(`^${expression}$`);
  return readdirSync(join(root, folder))
    .filter((file) => pattern.test(file))
    .map((file) => `${folder}/${file}`);
}

/** The folders of the packages that are in a bundle. */
function packagesIn({ inputs }: Metafile): ReadonlySet<string> {
  const folders = Object.keys(inputs).flatMap(
    (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  return new Set(folders.sort());
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** The licences of the bundled packages; most of them must be shipped with the code. */
function notices(root: string, packages: ReadonlySet<string>): string {
  const parts = [...packages].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      readonly name: string;
      readonly version: string;
      readonly license?: string;
    };
    const file = readdirSync(join(root, folder)).find((one) => /^licen[cs]e/i.test(one));
    const text =
      file !== undefined && existsSync(join(root, folder, file)) ? readFileSync(join(root, folder, file), 'utf8') : '';
    return `${name} ${version} (${license ?? 'see below'})\n\n${text.trim()}\n`;
  });
  return `Eventferry's package holds code of:\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
