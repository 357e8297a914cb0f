import type { Guard } from '../guard.js';

const chain = 'test/engine/resume/chain.test.ts';

/** The guards of the chain: each event names the event before it in its stream. */
export const chainGuards: readonly Guard[] = [
  {
    name: 'chain-of-a-lane',
    against: 'No event would name the event before it, so that the stream alone could not prove its order.',
    rule: 'remove',
    noticedBy: `${chain} > Each event names the event before it, across records, requests, chunks, runs and processes`,
  },
  {
    name: 'chain-at-resume',
    against: 'A copy of one of our events at the end of a stream would have the events after it appended again.',
    rule: 'never',
    noticedBy: `${chain} > A copy of an event of ours at the end is TargetConflict`,
  },
  {
    name: 'accepted-copy-is-foreign',
    against: 'Behind a copy that a person accepted, the events after the copied one would be appended again.',
    rule: 'never',
    noticedBy: `${chain} > A copy of an event of ours that a person accepts stays, and what comes next follows once`,
  },
  {
    name: 'verify-chain',
    against: 'A stream whose events are right but do not follow the events that they name would count as equal.',
    rule: 'never',
    noticedBy: 'test/verify/verify.test.ts > an event that follows another one than it names',
  },
];
