import { spawnSync } from 'node:child_process';

/** Prints a command of the Azure CLI and runs it; its output goes to the terminal. Ends this program when it fails. */
export function az(...args: string[]): void {
  show(args);
  const { status, error } = spawnSync('az', args, { stdio: ['inherit', 'inherit', 'inherit'] });
  if (error) throw missing();
  if (status !== 0) throw new AzFailure(args, '');
}

/** Prints a command of the Azure CLI, runs it, and returns the text that it prints. */
export function azText(...args: string[]): string {
  show(args);
  const { status, stdout, stderr, error } = spawnSync('az', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (error) throw missing();
  if (status !== 0) throw new AzFailure(args, stderr);
  return stdout.trim();
}

/** Like `azText`, but returns the JSON that it prints, parsed. */
export function azJson<T>(...args: string[]): T {
  return JSON.parse(azText(...args, '--output', 'json')) as T;
}

/** The Azure CLI failed; the message is what it printed. */
export class AzFailure extends Error {
  constructor(args: readonly string[], stderr: string) {
    super(`az ${args.slice(0, 3).join(' ')} failed${stderr === '' ? '' : `: ${stderr.trim()}`}`);
  }
}

function missing(): Error {
  return new Error('The Azure CLI (az) is not installed, or not on the PATH. See "What you need" in docs/deploy.md.');
}

/** Printing arguments is safe: secrets travel in files, never as arguments. */
function show(args: readonly string[]): void {
  process.stderr.write(`$ az ${args.map(quoted).join(' ')}\n`);
}

/** Quotes a text for a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Runs a program of this folder: an error becomes one line and exit code 1. */
export async function main(program: () => void | Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
