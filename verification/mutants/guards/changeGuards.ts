import type { Guard } from '../guard.js';

const replaced = 'test/source/wrongInput/replaced.test.ts';
const torn = 'test/source/wrongInput/tornFrame.test.ts';
const chunkBefore = 'test/source/wrongInput/chunkBefore.test.ts';
const mixed = 'test/source/mixed.test.ts';
const behind = 'test/source/watch/watch.test.ts';

/** The guards of what changes at the source before the cursor, and of what people accept of it. */
export const changeGuards: readonly Guard[] = [
  {
    name: 'overlap-of-20-bytes',
    against: 'Reading would go on in a chunk that was replaced by another one.',
    rule: 'never',
    noticedBy: `${replaced} > It is SourceReplaced when the frame before the cursor is another`,
  },
  {
    name: 'chunk-that-is-gone',
    against: 'A chunk that was deleted while the cursor is in it would count as empty.',
    rule: 'value undefined',
    noticedBy: `${replaced} > It is SourceReplaced when the chunk of the cursor is gone`,
  },
  {
    name: 'chunk-shorter-than-the-cursor',
    against: 'Records that were replicated and then cut off would go unnoticed.',
    rule: 'always',
    noticedBy: `${replaced} > is SourceTruncated, in this process and in another`,
  },
  {
    name: 'watch-of-chunks-left',
    against: 'Frames added to a chunk after reading left it would be silently lost.',
    rule: 'remove',
    noticedBy: `${torn} > that is finished after it was passed over is SourceForked`,
  },
  {
    name: 'chunks-before-the-cursor',
    against: 'A chunk that appears before the cursor would never be read.',
    rule: 'remove',
    noticedBy: `${chunkBefore} > that appears is SourceReordered, and is read once when it is accepted`,
  },
  {
    name: 'digest-of-names',
    against: 'A chunk that appears while another vanishes would go unnoticed.',
    rule: 'drop operand 2',
    noticedBy: `${chunkBefore} > is noticed although another is gone, but not accepted before that one is back`,
  },
  {
    name: 'listing-of-everything',
    against: 'A chunk whose name sorts before the newest ones would never be seen by a process that lives long.',
    rule: 'drop operand 3',
    noticedBy: `${chunkBefore} > A chunk before the cursor that sorts before all watched ones is found by the listing of everything`,
  },
  {
    name: 'ends-up-to-the-mark',
    against: 'While a resume catches up, it would pass over what another runner has read since: a false stop.',
    rule: 'remove',
    noticedBy: `${chunkBefore} > that went on is read anew up to a mark that another runner has appended since`,
  },
  {
    name: 'names-that-our-listing-lacked',
    against: 'A chunk that another runner has read would be forgotten, and be a stop when our listing shows it.',
    rule: 'remove',
    noticedBy: `${chunkBefore} > A chunk before the cursor that another runner has read, and our last listing did not show, is no finding`,
  },
  {
    name: 'listings-of-others',
    against: 'A chunk that appeared before the cursor would be remembered as if it had always been there.',
    rule: 'remove',
    noticedBy: `${chunkBefore} > is noticed although another caller lists it while a later chunk is on its way`,
  },
  {
    name: 'one-variant-a-source',
    against: 'Frames of the other variant that appear before the cursor would be read or lost, instead of reported.',
    rule: 'never',
    noticedBy: `${mixed} > A chunk before the cursor that appears with frames of the other variant is SourceMixed`,
  },
  {
    name: 'variant-of-what-was-replicated',
    against: 'Without the row, reading would go on in another variant than that of the first chunk.',
    rule: 'remove',
    noticedBy: `${mixed} > The variant of a source is asked of the first chunk when the stream’s tail alone says where reading goes on`,
  },
  {
    name: 'where-a-chunk-was-left',
    against: 'A chunk that is watched again from an earlier place would count as checked already.',
    rule: 'drop item 2',
    noticedBy: `${behind} > is looked at again where it is left once more`,
  },
  {
    name: 'empty-newcomer-once',
    against: 'An accepted chunk would be a finding again and again, for as long as the process lives.',
    rule: 'remove',
    noticedBy: `${behind} > is no finding any more once it was accepted`,
  },
  {
    name: 'before-the-cursor-only',
    against: 'After the cursor was set back, chunks that are still to be read would be reported as a finding.',
    rule: 'always',
    noticedBy: `${behind} > A cursor that was set back is not stopped by a chunk that went on where it will be read again`,
  },
  {
    name: 'accepted-chunk-watched-again',
    against: 'What is added to an accepted chunk afterwards would be lost.',
    rule: 'remove',
    noticedBy: 'test/engine/decisions/decisions.test.ts > accept --chunk reads what was added, once',
  },
  {
    name: 'found-before-a-stop',
    against: 'Records before a finding would be read, but not handed on.',
    rule: 'remove',
    noticedBy: `${chunkBefore} > Chunks before the cursor are found one after the other when there are several`,
  },
  {
    name: 'fingerprint-at-the-mark',
    against: 'Replication would go on after a record that was replaced since.',
    rule: 'never',
    noticedBy: `${replaced} > the frame under the mark is another, or gone`,
  },
  {
    name: 'frame-cut-at-the-mark',
    against: 'A container that holds another log would be taken for one that was truncated.',
    rule: 'always',
    noticedBy: `${replaced} > the frame under the mark is another, or gone`,
  },
  {
    name: 'memory-of-what-was-accepted',
    against: 'After the target was restored to an earlier state, a chunk read on a detour would count as replicated.',
    rule: 'drop operand 2',
    noticedBy:
      'test/engine/decisions/decisions.test.ts > what was accepted stays complete when the target is restored to revision',
  },
  {
    name: 'accept-only-what-is-certain',
    against: 'A chunk that is not certainly the new one could be accepted, and replicated twice.',
    rule: 'never',
    noticedBy: `${chunkBefore} > is noticed although another is gone`,
  },
  {
    name: 'accept-only-what-is-new',
    against: 'A chunk that was read already could be accepted, and replicated twice.',
    rule: 'always',
    noticedBy: `${chunkBefore} > that appears is SourceReordered, and is read once when it is accepted`,
  },
  {
    name: 'eight-chunks-left',
    against: 'Only the chunk that reading left last would be watched.',
    rule: 'drop item 1',
    noticedBy: `${chunkBefore} > that goes on after it was left is SourceForked, and is read from there when it is accepted`,
  },
];
