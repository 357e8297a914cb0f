import type { Guard } from '../guard.js';

const frame = 'test/source/lokad/frame.test.ts';
const largeFrame = 'test/source/reading/largeFrame.test.ts';
const garbage = 'test/source/wrongInput/garbage.test.ts';
const rest = 'test/source/lokad/endOfChunk.test.ts';
const mixed = 'test/source/mixed.test.ts';

/** The guards of reading frames, and of what counts as damage. */
export const frameGuards: readonly Guard[] = [
  {
    name: 'sha1-of-a-frame',
    against: 'Bytes that only look like a frame would be replicated.',
    rule: 'always',
    noticedBy: `${frame} > A frame of the other variant is none: its hash does not agree`,
  },
  {
    name: 'bound-of-a-frame',
    against: 'Because of a damaged length gigabytes would be allocated.',
    rule: 'remove',
    noticedBy: `${frame} > A frame that claims to be too large is refused without being read`,
  },
  {
    name: 'bound-of-a-key',
    against: 'Because of a damaged length of a key gigabytes would be allocated.',
    rule: 'remove',
    noticedBy: `${frame} > A frame with a key that is too large is refused without being read`,
  },
  {
    name: 'zeros-are-no-frame',
    against: 'The zeros of a preallocated chunk would be read as damage.',
    rule: 'remove',
    noticedBy: `${frame} > Zeros are a blank frame`,
  },
  {
    name: 'budget-of-the-search',
    against: 'Hostile bytes would keep the process hashing for hours.',
    rule: 'remove',
    noticedBy: 'test/source/lokad/search.test.ts > hashes no more than its budget, and still finds a likely frame',
  },
  {
    name: 'whole-body',
    against: 'If a download broke off, whatever was in memory would be read as the rest of it.',
    rule: 'remove',
    noticedBy: 'test/source/reading/blobReader.test.ts > A blob body that ends before its length is asked for again',
  },
  {
    name: 'variant-of-a-chunk',
    against: 'A chunk of the other variant would be taken for damage, or for what a torn write left.',
    rule: 'remove',
    noticedBy: `${mixed} > A container of both variants is SourceMixed after the records before the first frame of the other one`,
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
    noticedBy: `${largeFrame} > is read in an older chunk`,
  },
  {
    name: 'zeros-that-are-part-of-a-frame',
    against: 'A frame whose bytes are zeros where a range ends would never be found again.',
    rule: 'always',
    noticedBy: `${largeFrame} > is found where the target names it`,
  },
  {
    name: 'stop-at-damage',
    against: 'Damage with valid frames after it would be passed over although nobody asked for it.',
    rule: 'remove',
    noticedBy: `${garbage} > Garbage in the middle of a chunk is SourceCorrupt, in the last chunk and in an older one`,
  },
  {
    name: 'batch-to-its-last-byte',
    against: 'A payload that is not a batch would be cut into messages.',
    rule: 'drop operand 2',
    noticedBy:
      'test/source/lokad/payload.test.ts > The payload of a frame with very many messages is a batch only when the last of them is whole',
  },
  {
    name: 'contract-of-a-message',
    against: 'A payload that is not a batch would become events without a type.',
    rule: 'drop operand 2',
    noticedBy: 'test/source/lokad/payload.test.ts > a batch with an empty contract name',
  },
];
