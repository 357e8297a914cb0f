import { describe, expect, test } from 'vitest';

import { blocksView, screenView, watch } from '../../../src/cli/commands/watch.js';
import { FakeClock } from '../../support/fakeClock.js';

/** What a program sees of a terminal, or of a file. */
function stream(rows?: number) {
  const written: string[] = [];
  return { written, ...(rows !== undefined && { rows }), write: (text: string) => written.push(text) > 0 };
}

/** The lines that a terminal shows after what was written to it. */
function shown(written: readonly string[]): string[] {
  const text = ['\u001b[2J', '\u001b[H', '\u001b[J', '\u001b[K'].reduce(
    (rest, control) => rest.replaceAll(control, ''),
    written.at(-1) ?? '',
  );
  return text.trimEnd().split('\n');
}

describe('A view on a terminal', () => {
  test('A view on a terminal replaces the one before, and leaves nothing of it', () => {
    const terminal = stream(24);
    const view = screenView(terminal);
    view(['one', 'two', 'three']);
    view(['four']);
    expect(terminal.written[0]?.startsWith('\u001b[2J\u001b[H')).toBe(true);
    expect(terminal.written[1]).toBe('\u001b[Hfour\u001b[K\n\u001b[J');
    expect(shown(terminal.written)).toEqual(['four']);
  });

  test('A view on a terminal is cut to its height, so that it never scrolls', () => {
    const terminal = stream(5);
    screenView(terminal)(['1', '2', '3', '4', '5', '6']);
    expect(shown(terminal.written)).toEqual(['1', '2', '3', '...']);
  });
});

describe('A view elsewhere', () => {
  test('Views without a terminal are plain blocks, one after the other', () => {
    const file = stream();
    const view = blocksView(file);
    view(['one', 'two']);
    view(['three']);
    expect(file.written.join('')).toBe('one\ntwo\n\nthree\n');
  });
});

describe('A watch', () => {
  test('A repeated view is refreshed after each wait until it is stopped', async () => {
    const stop = new AbortController();
    const seen: (readonly string[])[] = [];
    const clock = FakeClock.flowing((count) => void (count === 3 && stop.abort()));
    let looks = 0;
    await watch(
      () => Promise.resolve([`look ${(looks += 1)}`]),
      5_000,
      (lines) => seen.push(lines),
      { clock, signal: stop.signal },
    );
    expect(seen).toEqual([['look 1'], ['look 2'], ['look 3']]);
    expect(clock.slept).toEqual([5_000, 5_000, 5_000]);
  });

  test('A repeated view ends at once when it is stopped in the middle of a refresh', async () => {
    const stop = new AbortController();
    const seen: (readonly string[])[] = [];
    const never = () => new Promise<readonly string[]>(() => undefined);
    const watching = watch(never, 5_000, (lines) => seen.push(lines), {
      clock: FakeClock.flowing(),
      signal: stop.signal,
    });
    stop.abort();
    await watching;
    expect(seen).toEqual([]);
  });
});
