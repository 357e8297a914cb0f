import { styleText } from 'node:util';

/** What a colour means: well, look at it, wrong, beside the point. */
export type Colour = 'green' | 'yellow' | 'red' | 'grey';

/** Text in a colour where stdout is a terminal that shows colours (and `NO_COLOR` is not set); else as it is. */
export function coloured(text: string, colour: Colour): string {
  return process.stdout.isTTY && process.stdout.hasColors() ? styleText(colour, text) : text;
}
