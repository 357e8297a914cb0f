import type { Guard } from './guard.js';

const frame = 'test/source/lokad/frame.test.ts';
const tapes = 'test/source/lokadTapes.test.ts';
const wrongInput = 'test/source/wrongInput.test.ts';
const rest = 'test/source/lokad/endOfChunk.test.ts';
const mixed = 'test/source/mixed.test.ts';
const behind = 'test/source/watch/watch.test.ts';
const knownEnd = 'test/source/reading/knownEnd.test.ts';

/** The guards of reading the source. */
export const sourceGuards: readonly Guard[] = [
  {
    name: 'sha1-of-a-frame',
    against: 'Bytes that look like a frame but are none would be replicated.',
    rule: 'always',
    noticedBy: frame,
  },
  {
    name: 'bound-of-a-frame',
    against: 'Because of a damaged length gigabytes would be allocated.',
    rule: 'remove',
    noticedBy: frame,
  },
  {
    name: 'bound-of-a-key',
    against: 'Because of a damaged length of a key gigabytes would be allocated.',
    rule: 'remove',
    noticedBy: frame,
  },
  {
    name: 'zeros-are-no-frame',
    against: 'The zeros of a preallocated chunk would be read as damage.',
    rule: 'remove',
    noticedBy: frame,
  },
  {
    name: 'budget-of-the-search',
    against: 'Hostile bytes would keep the process hashing for hours.',
    rule: 'remove',
    noticedBy: 'test/source/lokad/search.test.ts > hashes no more than its budget, and still finds a likely frame',
  },
  {
    name: 'overlap-of-20-bytes',
    against: 'Reading would go on in a chunk that was replaced by another one.',
    rule: 'never',
    noticedBy: `${wrongInput} > It is SourceReplaced when the frame before the cursor is another`,
  },
  {
    name: 'chunk-that-is-gone',
    against: 'A chunk that was deleted while the cursor is in it would count as empty.',
    rule: 'value undefined',
    noticedBy: `${wrongInput} > It is SourceReplaced when the chunk of the cursor is gone`,
  },
  {
    name: 'chunk-shorter-than-the-cursor',
    against: 'Records that were replicated and then cut off would go unnoticed.',
    rule: 'always',
    noticedBy: `${wrongInput} > is SourceTruncated, in this process and in another`,
  },
  {
    name: 'chunk-or-container-gone',
    against: 'A container that is deleted or being created again would be a lasting stop instead of an outage.',
    rule: 'drop operand 2',
    noticedBy: `${wrongInput} > because it does not exist is SourceUnreachable`,
  },
  {
    name: 'whole-body',
    against: 'If a download broke off, whatever was in memory would be read as the rest of it.',
    rule: 'remove',
    noticedBy: 'test/source/reading/blobReader.test.ts',
  },
  {
    name: 'copy-in-progress-as-listed',
    against: 'Reading would leave a chunk whose copy is not done: frames that it still lacks would be lost.',
    rule: 'never',
    noticedBy: `${tapes} > is not read, nor what follows it, and is named`,
  },
  {
    name: 'copy-in-progress-as-read',
    against: 'Reading would leave a chunk whose copy began after the listing.',
    rule: 'remove',
    noticedBy: `${tapes} > is not read, nor what follows it, although the listing did not show yet that it is one`,
  },
  {
    name: 'settled-before-it-is-left',
    against: 'Reading would leave a chunk while its writer is still finishing a torn frame.',
    rule: 'always',
    noticedBy: `${wrongInput} > in an older chunk is waited for as long as its writer may still finish it`,
  },
  {
    name: 'end-found-before-a-chunk-followed',
    against: "Frames that were written after the chunk's end was found and before the listing would be passed over.",
    rule: 'remove',
    noticedBy: `${tapes} > gives a record as soon as it is in the last chunk, and nothing twice`,
  },
  {
    name: 'end-in-the-version-listed',
    against: 'Reading would leave a chunk that grew after its end was found.',
    rule: 'remove',
    noticedBy: `${tapes} > is read on when a listing shows`,
  },
  {
    name: 'watch-of-chunks-left',
    against: 'Frames added to a chunk after reading left it would be silently lost.',
    rule: 'remove',
    noticedBy: `${wrongInput} > that is finished after it was passed over is SourceForked`,
  },
  {
    name: 'chunks-before-the-cursor',
    against: 'A chunk that appears before the cursor would never be read.',
    rule: 'remove',
    noticedBy: `${wrongInput} > that appears is SourceReordered, and is read once when it is accepted`,
  },
  {
    name: 'digest-of-names',
    against: 'A chunk that appears while another vanishes would go unnoticed.',
    rule: 'drop operand 2',
    noticedBy: `${wrongInput} > is noticed although another is gone, but not accepted before that one is back`,
  },
  {
    name: 'listing-of-everything',
    against: 'A chunk whose name sorts before the newest ones would never be seen by a process that lives long.',
    rule: 'drop operand 3',
    noticedBy: `${wrongInput} > A chunk before the cursor that sorts before all watched ones is found by the listing of everything`,
  },
  {
    name: 'every-page-of-a-listing',
    against: 'Chunks after the first 5,000 names would be missing.',
    rule: 'never',
    noticedBy: 'test/source/chunks/listing.test.ts',
  },
  {
    name: 'listing-before-a-gap-is-believed',
    against: 'Because of an outdated listing, records would be reported as missing, or a chunk would be passed over.',
    rule: 'remove',
    noticedBy: `${tapes} > is made again before records are called missing`,
  },
  {
    name: 'gap-in-the-positions',
    against: 'A chunk that is missing between two others would be passed over.',
    rule: 'always',
    noticedBy: `${wrongInput} > A prefix that skips ahead is SourceGap, and its chunk is read when it is accepted`,
  },
  {
    name: 'ends-up-to-the-mark',
    against: 'While a resume catches up, it would pass over what another runner has read since: a false stop.',
    rule: 'remove',
    noticedBy: `${wrongInput} > that went on is read anew up to a mark that another runner has appended since`,
  },
  {
    name: 'names-that-our-listing-lacked',
    against: 'A chunk that another runner has read would be forgotten, and be a stop when our listing shows it.',
    rule: 'remove',
    noticedBy: `${wrongInput} > A chunk before the cursor that another runner has read, and our last listing did not show, is no finding`,
  },
  {
    name: 'listings-of-others',
    against: 'A chunk that appeared before the cursor would be remembered as if it had always been there.',
    rule: 'remove',
    noticedBy: `${wrongInput} > is noticed although another caller lists it while a later chunk is on its way`,
  },
  {
    name: 'variant-of-a-chunk',
    against: 'A chunk of the other variant would be taken for damage, or for what a torn write left.',
    rule: 'remove',
    noticedBy: `${mixed} > A container of both variants is SourceMixed after the records before the first frame of the other one`,
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
    name: 'prefix-as-a-number',
    against: 'Chunks would be out of order where the prefix gets one more digit.',
    rule: 'drop operand 1',
    noticedBy: 'test/source/chunks/name.test.ts',
  },
  {
    name: 'one-version-to-the-end',
    against: 'A verdict on damage would be based on a mix of two versions of a chunk.',
    rule: 'drop operand 2',
    noticedBy: `${rest} > is not clean when a frame is written while it is read`,
  },
  {
    name: 'same-version-after-the-verdict',
    against: 'A read during a page write would be reported as damage.',
    rule: 'drop operand 2',
    noticedBy: `${rest} > The rest of a chunk is not called bad when the bad bytes have gone meanwhile`,
  },
  {
    name: 'verdict-on-all-of-the-rest',
    against: 'Damage at the end of a range would be taken for a torn write, and the valid frames after it passed over.',
    rule: 'always',
    noticedBy: `${rest} > is corrupt when a valid frame follows a bad one, however far behind it`,
  },
  {
    name: 'frame-beyond-a-range',
    against: 'A frame that was not fetched whole would be taken for a torn write.',
    rule: 'never',
    noticedBy: `${tapes} > is read in an older chunk`,
  },
  {
    name: 'zeros-that-are-part-of-a-frame',
    against: 'A frame whose bytes are zeros where a range ends would never be found again.',
    rule: 'always',
    noticedBy: `${tapes} > is found where the target names it`,
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
    noticedBy: behind,
  },
  {
    name: 'accepted-chunk-watched-again',
    against: 'What is added to an accepted chunk afterwards would be lost.',
    rule: 'remove',
    noticedBy: 'test/engine/decisions.test.ts > accept --chunk reads what was added, once',
  },
  {
    name: 'listing-every-5-s',
    against: 'A reading that is never done would not see new chunks.',
    rule: 'remove',
    noticedBy: `${tapes} > includes a listing every 5 s also after the clock was set back`,
  },
  {
    name: 'stop-at-damage',
    against: 'Damage with valid frames after it would be passed over although nobody asked for it.',
    rule: 'remove',
    noticedBy: `${wrongInput} > Garbage in the middle of a chunk is SourceCorrupt, in the last chunk and in an older one`,
  },
  {
    name: 'found-before-a-stop',
    against: 'Records before a finding would be read, but not handed on.',
    rule: 'remove',
    noticedBy: `${wrongInput} > Chunks before the cursor are found one after the other when there are several`,
  },
  {
    name: 'fingerprint-at-the-mark',
    against: 'Replication would go on after a record that was replaced since.',
    rule: 'never',
    noticedBy: `${wrongInput} > the frame under the mark is another, or gone`,
  },
  {
    name: 'frame-cut-at-the-mark',
    against: 'A container that holds another log would be taken for one that was truncated.',
    rule: 'always',
    noticedBy: `${wrongInput} > the frame under the mark is another, or gone`,
  },
  {
    name: 'memory-of-what-was-accepted',
    against: 'After the target was restored to an earlier state, a chunk read on a detour would count as replicated.',
    rule: 'drop operand 2',
    noticedBy:
      'test/engine/decisions.test.ts > what was accepted stays complete when the target is restored to revision',
  },
  {
    name: 'accept-only-what-is-certain',
    against: 'A chunk that is not certainly the new one could be accepted, and replicated twice.',
    rule: 'never',
    noticedBy: `${wrongInput} > is noticed although another is gone`,
  },
  {
    name: 'batch-to-its-last-byte',
    against: 'A payload that is not a batch would be cut into messages.',
    rule: 'drop operand 2',
    noticedBy: 'test/source/lokad/payload.test.ts',
  },
  {
    name: 'contract-of-a-message',
    against: 'A payload that is not a batch would become events without a type.',
    rule: 'drop operand 2',
    noticedBy: 'test/source/lokad/payload.test.ts',
  },
  {
    name: 'accept-only-what-is-new',
    against: 'A chunk that was read already could be accepted, and replicated twice.',
    rule: 'always',
    noticedBy: `${wrongInput} > that appears is SourceReordered, and is read once when it is accepted`,
  },
  {
    name: 'look-after-zeros',
    against: 'Frames after a hole in the last chunk would stay unseen as long as nothing else is written.',
    rule: 'drop operand 2',
    noticedBy: `${tapes} > looks behind zeros within 5 s of a change, so that nothing hides behind a hole`,
  },
  {
    name: 'known-end-that-is-listed',
    against: 'A reading would ask again for each chunk end that a listing has just confirmed.',
    rule: 'never',
    noticedBy: `${knownEnd} > A reading makes no call for the last chunk`,
  },
  {
    name: 'known-end-in-the-version-listed-since',
    against: 'Frames added to the last chunk would stay unread until the next poll.',
    rule: 'drop operand 2',
    noticedBy: `${knownEnd} > A reading finds what the last chunk gained`,
  },
  {
    name: 'known-end-asked-for-by-etag',
    against: 'A torn frame that is waited for would be read again every second.',
    rule: 'value undefined',
    noticedBy: `${knownEnd} > Waiting for a torn frame reads no byte again`,
  },
  {
    name: 'salvaged-end-forgotten',
    against:
      'Under ON_DAMAGE=salvage, zeros that hide frames in the last chunk would be examined again and again, for ever.',
    rule: 'remove',
    noticedBy: `${knownEnd} > ON_DAMAGE=salvage reads on behind a hole of zeros in the last chunk`,
  },
  {
    name: 'eight-chunks-left',
    against: 'Only the chunk that reading left last would be watched.',
    rule: 'drop item 1',
    noticedBy: `${wrongInput} > that goes on after it was left is SourceForked, and is read from there when it is accepted`,
  },
];
