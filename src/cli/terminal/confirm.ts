import { createInterface } from 'node:readline/promises';

import { printable } from '../../core/text.js';
import type { Host } from '../host.js';

export function canAsk({ stdin, stderr }: Pick<Host, 'stdin' | 'stderr'>): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/** Asks on the terminal; anything but yes is no. */
export async function confirm(question: string, { stdin, stderr }: Pick<Host, 'stdin' | 'stderr'>): Promise<boolean> {
  const terminal = createInterface({ input: stdin, output: stderr });
  const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  try {
    const answer = await Promise.race([terminal.question(`${printable(question)} [y/N] `), closed]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}
