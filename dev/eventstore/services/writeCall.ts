import type { WriteOutcome } from '../store/eventStore.js';
import type { Node } from '../node.js';

/** How a write ends for the client. */
export type WriteAnswer =
  | { kind: 'success'; revision: number; position: number | undefined }
  | { kind: 'wrongExpectedVersion'; current: number }
  | { kind: 'deleted' }
  | { kind: 'timeout'; phase: 'Prepare' | 'Commit' }
  | { kind: 'notReady' };

export interface Write {
  readonly stream: string;
  readonly expected: number;
  readonly events: number;
  execute(onCommitted: () => void): WriteOutcome;
}

/** Carries out both steps of one write, with its time limit and its fault. `answer` is called at most once. */
export function carryOut(node: Node, write: Write, answer: (answer: WriteAnswer) => void): void {
  const { clock, faults, limits } = node;
  if (faults.silent) return;
  const fault = faults.forWrite(write.stream, write.expected, write.events);
  if (fault === 'dropBefore') return faults.dropConnections();
  if (fault === 'notReady') return faults.answer(() => answer({ kind: 'notReady' }));
  if (fault === 'timeout') return faults.answer(() => answer({ kind: 'timeout', phase: 'Prepare' }));

  let cancelTimer: () => void = () => undefined;
  let answered = false;
  const finish = (result: WriteAnswer): void => {
    if (answered) return;
    answered = true;
    cancelTimer();
    if (fault === 'loseAnswer') return;
    if (fault === 'dropAfter') return faults.dropConnections();
    faults.answer(() => answer(fault === 'timeoutAfter' ? { kind: 'timeout', phase: 'Commit' } : result));
  };
  const startTimer = (phase: 'Prepare' | 'Commit'): void => {
    cancelTimer = clock.after(limits.writeTimeoutMs, () => finish({ kind: 'timeout', phase }));
  };

  const outcome = write.execute(() => {
    if (outcome.kind === 'accepted') finish({ ...outcome, kind: 'success' });
  });
  if (outcome.kind === 'accepted') startTimer('Commit');
  else if (outcome.kind === 'repeatInFlight') startTimer('Prepare');
  else if (outcome.kind !== 'repeat') finish(outcome);
  else if (outcome.answerable) finish({ ...outcome, kind: 'success' });
}
