import { once } from 'node:events';
import { styleText } from 'node:util';

import type { Host } from '../host.js';

/** Green: well. Yellow: look at it. Red: wrong. Grey: less important. */
export type Colour = 'green' | 'yellow' | 'red' | 'grey';

export type Paint = (text: string, colour: Colour) => string;

/** Where a command prints its results and speaks to people. */
export class Output {
  constructor(private readonly host: Pick<Host, 'stdout' | 'stderr'>) {}

  /** Prints a result line; resolves when there is room for the next. */
  print(line: string): Promise<void> {
    return this.printBytes(`${line}\n`);
  }

  async printBytes(bytes: Uint8Array | string): Promise<void> {
    const { stdout } = this.host;
    if (!stdout.write(bytes)) await once(stdout, 'drain');
  }

  /** A result as JSON on one line; 64-bit integers are written as decimal text. */
  printJson(value: unknown): Promise<void> {
    return this.print(JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item)));
  }

  /** Says something to the person at the terminal, on stderr; results never go there. */
  tell(text: string): void {
    this.host.stderr.write(`${text}\n`);
  }

  /** Colours text where stdout is a terminal that shows colours (and `NO_COLOR` is not set). */
  readonly paint: Paint = (text, colour) => {
    const { stdout } = this.host;
    return stdout.isTTY && stdout.hasColors?.() ? styleText(colour, text) : text;
  };
}
