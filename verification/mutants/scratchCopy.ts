import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  readFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** The folders that tests read and no mutant changes: they are linked, not copied. */
const linked = ['node_modules', 'generated', 'test/fixtures', 'infra', 'docs'];
const copied = ['src', 'dev', 'test', 'verification', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];

/** A copy of the project in which files may be changed, so that the working tree stays as it is. */
export class ScratchCopy {
  readonly root: string;

  /** @param project the project's folder */
  constructor(private readonly project: string) {
    process.once('exit', () => this.remove());
    this.root = realpathSync(mkdtempSync(join(tmpdir(), 'eventferry-mutant-')));
    const isCopied = (path: string): boolean => !linked.includes(relative(project, path));
    for (const name of copied)
      cpSync(join(project, name), join(this.root, name), { recursive: true, filter: isCopied });
    for (const name of linked) {
      mkdirSync(join(this.root, name, '..'), { recursive: true });
      symlinkSync(join(project, name), join(this.root, name), 'junction');
    }
  }

  path(file: string): string {
    return join(this.root, file);
  }

  write(file: string, text: string): void {
    writeFileSync(this.path(file), text);
  }

  /** Puts the project's text of a file back. */
  restore(file: string): void {
    this.write(file, readFileSync(join(this.project, file), 'utf8'));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
