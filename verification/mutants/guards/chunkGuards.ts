import type { Guard } from '../guard.js';

const tapes = 'test/source/lokadTapes.test.ts';
const changing = 'test/source/reading/changingChunk.test.ts';
const poll = 'test/source/reading/poll.test.ts';
const torn = 'test/source/wrongInput/tornFrame.test.ts';
const unsettled = 'test/source/wrongInput/unsettled.test.ts';
const names = 'test/source/wrongInput/names.test.ts';
const unreadable = 'test/source/wrongInput/unreadable.test.ts';
const knownEnd = 'test/source/reading/knownEnd.test.ts';

/** The guards of listings, of the order of chunks, and of where a chunk ends. */
export const chunkGuards: readonly Guard[] = [
  {
    name: 'chunk-or-container-gone',
    against: 'A container that is deleted or being created again would be a lasting stop instead of an outage.',
    rule: 'drop operand 2',
    noticedBy: `${unreadable} > because it does not exist is SourceUnreachable`,
  },
  {
    name: 'copy-in-progress-as-listed',
    against: 'Reading would leave a chunk whose copy is not done: frames that it still lacks would be lost.',
    rule: 'never',
    noticedBy: `${changing} > is not read, nor what follows it, and is named`,
  },
  {
    name: 'copy-in-progress-as-read',
    against: 'Reading would leave a chunk whose copy began after the listing.',
    rule: 'remove',
    noticedBy: `${changing} > is not read, nor what follows it, and is named, although the listing did not show yet that it is one`,
  },
  {
    name: 'settled-before-it-is-left',
    against: 'Reading would leave a chunk while its writer is still finishing a torn frame.',
    rule: 'always',
    noticedBy: `${torn} > in an older chunk is waited for as long as its writer may still finish it`,
  },
  {
    name: 'bytes-settle-whatever-their-date',
    against: 'A torn frame would be waited for without end while somebody renews the date of its chunk.',
    rule: 'never',
    noticedBy: `${unsettled} > is passed over although somebody renews the date`,
  },
  {
    name: 'changed-bytes-settle-anew',
    against: 'Reading would leave a chunk whose torn frame is being written.',
    rule: 'drop operand 2',
    noticedBy: `${unsettled} > whose bytes keep changing is waited for`,
  },
  {
    name: 'wait-goes-on-while-bytes-change',
    against: 'A torn frame that is rewritten again and again would be waited for without end, in silence.',
    rule: 'never',
    noticedBy: `${unsettled} > whose bytes keep changing is waited for`,
  },
  {
    name: 'wait-outlives-undecided-looks',
    against: 'A torn frame would be waited for without end if its chunk often changed during a look.',
    rule: 'always',
    noticedBy: `${unsettled} > is an outage also when its chunk often changes while it is being looked at`,
  },
  {
    name: 'wait-that-is-too-long',
    against: 'A torn frame that is rewritten again and again would be waited for without end, in silence.',
    rule: 'never',
    noticedBy: `${unsettled} > whose bytes keep changing is waited for`,
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
    noticedBy: `${changing} > is read on when a listing shows`,
  },
  {
    name: 'every-page-of-a-listing',
    against: 'Chunks after the first 5,000 names would be missing.',
    rule: 'never',
    noticedBy: 'test/source/chunks/listing.test.ts > A listing of several pages holds the names of all of them',
  },
  {
    name: 'listing-before-a-gap-is-believed',
    against: 'Because of an outdated listing, records would be reported as missing, or a chunk would be passed over.',
    rule: 'remove',
    noticedBy: `${changing} > is made again before records are called missing`,
  },
  {
    name: 'gap-in-the-positions',
    against: 'A chunk that is missing between two others would be passed over.',
    rule: 'always',
    noticedBy: `${names} > A prefix that skips ahead is SourceGap, and its chunk is read when it is accepted`,
  },
  {
    name: 'prefix-as-a-number',
    against: 'Chunks would be out of order where the prefix gets one more digit.',
    rule: 'drop operand 1',
    noticedBy: 'test/source/chunks/name.test.ts > Names of chunks sort by number, then by time, then as text',
  },
  {
    name: 'listing-every-5-s',
    against: 'A reading that is never done would not see new chunks.',
    rule: 'remove',
    noticedBy: `${poll} > includes a listing every 5 s also after the clock was set back`,
  },
  {
    name: 'look-after-zeros',
    against: 'Frames after a hole in the last chunk would stay unseen as long as nothing else is written.',
    rule: 'drop operand 2',
    noticedBy: `${poll} > looks behind zeros within 5 s of a change, so that nothing hides behind a hole`,
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
];
