import type { Guard } from '../guard.js';

/** The guards of events, ids and marks. */
export const convertGuards: readonly Guard[] = [
  {
    name: 'fingerprint-in-the-event-id',
    against: 'The server would take a record that replaced another for a repeat, and drop it.',
    rule: 'drop operand 2',
    noticedBy:
      'test/convert/eventId.test.ts > An event id is made of the source, the frame, the index and the position',
  },
  {
    name: 'source-in-the-event-id',
    against: 'Two sources would make the same ids.',
    rule: 'remove',
    noticedBy:
      'test/convert/eventId.test.ts > An event id is made of the source, the frame, the index and the position',
  },
  {
    name: 'bound-of-the-index',
    against: 'Two events of a huge record would get the same id.',
    rule: 'never',
    noticedBy:
      'test/convert/eventId.test.ts > An event id holds the largest index and position, and refuses larger ones',
  },
  {
    name: 'reversible-reformatting',
    against: 'A body would be changed in a way that nothing can undo.',
    rule: 'drop operand 2',
    noticedBy: 'test/convert/body/body.test.ts > a formatted body with one tab too many',
  },
  {
    name: 'line-break-in-the-mark',
    against: 'Nobody could tell from the target what line breaks a reformatted body had at the source.',
    rule: 'remove',
    noticedBy: 'test/convert/convert.test.ts > Bodies that differ only in their line breaks',
  },
  {
    name: 'json-in-utf-8',
    against: 'Bytes that are no JSON would be marked as JSON.',
    rule: 'drop operand 2',
    noticedBy: 'test/convert/body/body.test.ts > bytes that are not UTF-8',
  },
  {
    name: 'reserved-event-types',
    against: "An event of a type that starts with $ would be taken for one of the server's own.",
    rule: 'remove',
    noticedBy: 'test/convert/convert.test.ts > a name that starts with $',
  },
  {
    name: 'mark-of-a-newer-version',
    against: 'An older Eventferry would take the tail of a newer one for a foreign event, or append after it.',
    rule: 'always',
    noticedBy: 'test/convert/mark.test.ts > is refused: a newer Eventferry wrote it',
  },
  {
    name: 'bound-of-a-record',
    against: 'One frame could fill the server.',
    rule: 'never',
    noticedBy: 'test/convert/recordEvents.test.ts > is refused before it makes an event',
  },
  {
    name: 'settings-in-the-digest',
    against: 'A setting that decides what is written could change unnoticed.',
    rule: 'remove',
    noticedBy: 'test/config/config.test.ts > Settings that are left out have their defaults',
  },
  {
    name: 'event-id-agrees',
    against: 'An event whose metadata was copied from ours would count as ours.',
    rule: 'drop operand 2',
    noticedBy:
      'test/engine/resume/resumeForeignEvents.test.ts > A copy of an event of ours under another id is not ours',
  },
  {
    name: 'mark-names-the-source',
    against: 'An event of another source would count as ours.',
    rule: 'always',
    noticedBy: 'test/engine/resume/resumeForeignEvents.test.ts > An event that was written for another source',
  },
];
