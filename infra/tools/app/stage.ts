import { zipSync, type Zippable } from 'fflate';
import ignore from 'ignore';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { bundle } from './bundle.js';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dependencies?: Readonly<Record<string, string>> }>>;
}

/**
 * Empties a folder and puts into it what is deployed: the program, bundled with the packages that it imports; the
 * production packages whose files it reads; host.json and package.json. Files that .funcignore names are left out.
 *
 * @param root a repository that is installed and built
 * @returns the paths of the files, in order
 */
export async function stage(root: string, folder: string): Promise<string[]> {
  rmSync(folder, { recursive: true, force: true });
  const bundled = await bundle(root, folder);
  const assets = filesOf(root, 'dist').filter((path) => !path.endsWith('.js'));
  for (const path of ['host.json', ...assets, ...unbundledFiles(root, bundled)]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  writeFileSync(join(folder, 'package.json'), manifest(root));
  const left = ignore().add(readFileSync(join(root, '.funcignore'), 'utf8'));
  const files = filesOf(folder, '.').map((path) => path.slice('./'.length));
  for (const path of files) {
    if (left.ignores(path)) rmSync(join(folder, path));
    else chmodSync(join(folder, path), 0o644);
  }
  return files.filter((path) => !left.ignores(path)).sort();
}

/** The part of package.json that the host and the command line read. It lists no scripts or packages to install. */
function manifest(root: string): string {
  const { name, version, license, type, engines, main, bin } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, unknown>;
  return `${JSON.stringify({ name, version, license, type, engines, main, bin }, undefined, 2)}\n`;
}

/** The files of packages that no code imports but some code reads from: the program's text contains their names. */
function unbundledFiles(root: string, bundled: ReadonlySet<string>): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const program = filesOf(root, 'dist')
    .filter((path) => path.endsWith('.js'))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n');
  return Object.keys(packages['']?.dependencies ?? {})
    .filter((name) => !bundled.has(name) && new RegExp(`['"/]${name}['"/]`).test(program))
    .flatMap((name) => filesOf(root, `node_modules/${name}`));
}

/** Every file below a folder. */
function filesOf(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesOf(root, path);
    return entry.isFile() ? [path] : [];
  });
}

export interface Package {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** Unpacked. */
  readonly size: number;
}

/** Zips a folder. Equal files give equal bytes on any machine at any time: names are sorted, time and mode are fixed. */
export function pack(folder: string): Package {
  const entries: Zippable = {};
  let size = 0;
  const paths = (readdirSync(folder, { recursive: true }) as string[])
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => relative('.', path).split(sep).join('/'))
    .sort();
  for (const path of paths) {
    const bytes = readFileSync(join(folder, path));
    size += bytes.length;
    // A zip stores local time without a zone, so a fixed local time is the same bytes everywhere.
    entries[path] = [bytes, { mtime: new Date(2000, 0, 1), os: 3, attrs: 0o100644 << 16, level: 6 }];
  }
  const bytes = zipSync(entries);
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex'), size };
}

/** Writes the package, prints its size and SHA-256, and returns the path of the zip. */
export async function writePackage(root: string): Promise<string> {
  const folder = join(root, 'artifacts/package');
  const files = await stage(root, folder);
  const { bytes, sha256, size } = pack(folder);
  const zip = join(root, 'artifacts/eventferry.zip');
  writeFileSync(zip, bytes);
  const mb = (count: number) => (count / 1_000_000).toFixed(1);
  process.stdout.write(
    `artifacts/eventferry.zip: ${mb(bytes.length)} MB, ${files.length} files of ${mb(size)} MB, SHA-256 ${sha256}\n`,
  );
  return zip;
}
