import { once } from 'node:events';
import { styleText } from 'node:util';

import { printable } from '../../core/text.js';
import type { Host } from '../host.js';

/** Green: well. Yellow: look at it. Red: wrong. Grey: less important. */
export type Colour = 'green' | 'yellow' | 'red' | 'grey';

/** A line in one piece, or in several, some in colour. Whatever text it holds, it stays one line and steers no terminal. */
export type Line = string | readonly (string | { readonly text: string; readonly colour: Colour })[];

/** Where a command prints its results and speaks to people. */
export class Output {
  constructor(private readonly host: Pick<Host, 'stdout' | 'stderr'>) {}

  /** Prints a result line; resolves when there is room for the next. */
  print(line: Line): Promise<void> {
    return this.printBytes(`${this.shown(line)}\n`);
  }

  /** A line as stdout gets it: in colour where that is a terminal that shows colours (and `NO_COLOR` is not set). */
  shown(line: Line): string {
    const { stdout } = this.host;
    const hasColours = stdout.isTTY && stdout.hasColors?.();
    const parts = (typeof line === 'string' ? [line] : line).map((part) => {
      if (typeof part === 'string') return printable(part);
      const text = printable(part.text);
      return hasColours ? styleText(part.colour, text, { validateStream: false }) : text;
    });
    return parts.join('');
  }

  /** Prints bytes as they are. */
  async printBytes(bytes: Uint8Array | string): Promise<void> {
    const { stdout } = this.host;
    if (!stdout.write(bytes)) await once(stdout, 'drain');
  }

  /** A result as JSON on one line; 64-bit integers are written as decimal text. */
  printJson(value: unknown): Promise<void> {
    return this.print(JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item)));
  }

  /** Says one line to the person at the terminal, on stderr; results never go there. */
  tell(line: string): void {
    this.host.stderr.write(`${printable(line)}\n`);
  }
}
