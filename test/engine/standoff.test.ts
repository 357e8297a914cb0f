import { describe, expect, test } from 'vitest';
import { Standoff } from '../../src/engine/standoff.js';
import { asFailure, Failure } from '../../src/core/failure.js';
import { beginning } from '../../src/core/cursor.js';

const lost = new Failure('AppendUncertain', 'the call was lost');
const behind = (revision: number) => ({ cursor: beginning, revision });

function verdict(standoff: Standoff, tail: number): string {
  try {
    return standoff.waitMs('stream', tail) > 0 ? 'wait' : 'go-on';
  } catch (thrown) {
    return asFailure(thrown).kind;
  }
}

/** Each tail is what the target says after another append of unknown outcome; we had sent up to 19. */
function verdicts(tails: readonly number[], failure = lost): string[] {
  const standoff = new Standoff();
  return tails.map((tail, index) => {
    standoff.begin(behind(index === 0 ? 9 : (tails[index - 1] ?? 9)));
    standoff.sent(19);
    standoff.uncertain(failure);
    return verdict(standoff, tail);
  });
}

describe('after an append of unknown outcome', () => {
  test('After an append of unknown outcome, a tail that moved within what was sent is progress', () => {
    expect(verdicts([12, 15, 19])).toEqual(['go-on', 'go-on', 'go-on']);
  });

  test('After an append of unknown outcome, a tail that did not move is tried once more after a wait, then it is an outage', () => {
    expect(verdicts([9, 9])).toEqual(['wait', 'TargetRefused']);
  });

  test('After appends of unknown outcome, a tail that moves in between starts the count again', () => {
    expect(verdicts([9, 12, 12])).toEqual(['wait', 'go-on', 'wait']);
  });

  test('After an append of unknown outcome, a tail beyond anything we sent, twice, is another runner', () => {
    expect(verdicts([25, 40])).toEqual(['go-on', 'AnotherRunner']);
  });

  test('After an append of unknown outcome, a smaller limit named by the server is progress although nothing moved', () => {
    const tooLarge = new Failure('AppendTooLarge', 'limit 1000');
    expect(verdicts([9, 9, 9], tooLarge)).toEqual(['go-on', 'go-on', 'go-on']);
  });

  test('After an append of unknown outcome, a good pass forgets what was before', () => {
    const standoff = new Standoff();
    standoff.begin(behind(9));
    standoff.uncertain(lost);
    expect(verdict(standoff, 9)).toBe('wait');
    standoff.good();
    expect(verdict(standoff, 9)).toBe('go-on');
    standoff.uncertain(lost);
    expect(verdict(standoff, 9)).toBe('wait');
  });

  test('After an append of unknown outcome, nothing is judged before the first pass: the tail says nothing about us yet', () => {
    const standoff = new Standoff();
    standoff.uncertain(new Failure('CheckpointMoved', 'the row was changed'));
    expect(verdict(standoff, 500)).toBe('go-on');
  });
});
