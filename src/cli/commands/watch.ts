import type { Clock } from '../../core/clock.js';
import type { Host } from '../host.js';

type ViewedStream = Pick<Host['stdout'], 'rows' | 'write'>;

/** Shows lines in place of those shown before. */
export type View = (lines: readonly string[]) => void;

const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';
const clearAll = '\u001b[2J';

/** On a terminal, each view replaces the one before it, cut to the terminal's height. */
export function screenView(stream: ViewedStream): View {
  let before = clearAll;
  return (lines) => {
    const { rows = Infinity } = stream;
    const fitting = lines.length < rows ? lines : [...lines.slice(0, rows - 2), '...'];
    stream.write(`${before}${home}${fitting.map((line) => `${line}${clearLine}\n`).join('')}${clearBelow}`);
    before = '';
  };
}

/** In a file or a pipe, one block follows the other. @param between the text between two blocks */
export function blocksView(stream: ViewedStream, between = '\n'): View {
  let before = '';
  return (lines) => {
    stream.write(`${before}${lines.join('\n')}\n`);
    before = between;
  };
}

/** Looks repeatedly, with a wait in between, until the signal is aborted. @throws what `look` throws */
export async function watch(
  look: () => Promise<readonly string[]>,
  everyMs: number,
  view: View,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const stopped = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
  while (!signal.aborted) {
    const lines = await Promise.race([look(), stopped]);
    if (!lines) return;
    view(lines);
    await clock.sleep(everyMs, signal);
  }
}
