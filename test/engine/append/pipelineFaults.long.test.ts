import { describe, expect, test } from 'vitest';

import { replicateBeforeModel, replicateBeforeServers } from './pipelineFaultCases.js';

describe('A pipeline before a server with slow, lost and reordered answers, refusals, cut connections and size limits', () => {
  test('A pipeline confirms only what a server with faults holds, and after a resume the stream is exact', async () => {
    const met = await replicateBeforeServers({ numRuns: 50 });
    expect([...met]).toEqual(expect.arrayContaining(['AppendUncertain', 'AppendTooLarge']));
  });
});

describe('A pipeline before a model of such a server, on which what was on its way may arrive late', () => {
  test('A pipeline confirms only what a model of a server with faults holds, and after a resume the stream is exact', async () => {
    const met = await replicateBeforeModel({ numRuns: 1_000 });
    expect([...met]).toEqual(
      expect.arrayContaining(['AppendUncertain', 'AppendTooLarge', 'WrongExpectedRevision', 'TargetRefused']),
    );
  });
});
