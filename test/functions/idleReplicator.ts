import type { Replicator } from '../../src/replicator.js';

/** A replicator that is only ever looked at or closed; what a test needs of it comes in `parts`. */
export function idleReplicator(parts: Partial<Replicator> = {}): Replicator {
  const notAsked = (): never => {
    throw new Error('nobody should ask for this');
  };
  return {
    run: notAsked,
    status: notAsked,
    history: notAsked,
    preview: notAsked,
    decide: notAsked,
    verify: notAsked,
    verifyTarget: notAsked,
    quarantine: undefined,
    examine: notAsked,
    examineOnce: () => Promise.resolve({ at: '2026-01-01T00:00:00.000Z', wrong: [], warnings: [] }),
    close: () => Promise.resolve(),
    ...parts,
  };
}
