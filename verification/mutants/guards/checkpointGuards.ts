import type { Guard } from '../guard.js';

const table = 'test/checkpoint/table.test.ts';
const keeper = 'test/checkpoint/keeper.test.ts';

/** The guards of the row, of messages that are set aside, and of secrets in what people see. */
export const checkpointGuards: readonly Guard[] = [
  {
    name: 'if-match-on-the-row',
    against: 'A runner would write over what another runner, or a person, has written.',
    rule: 'drop item 3',
    noticedBy: `${table} > The checkpoint row is not replaced over what someone else wrote`,
  },
  {
    name: 'own-answer',
    against: "Another runner's row would be taken for our own write.",
    rule: 'drop operand 2',
    noticedBy: `${table} > The checkpoint row is not inserted over another row`,
  },
  {
    name: 'row-is-never-set-back',
    against: 'The row would go back without a person or a restored target having asked for it.',
    rule: 'never',
    noticedBy: `${keeper} > The checkpoint keeper does not advance backwards`,
  },
  {
    name: 'row-of-someone-else-is-forgotten',
    against: 'A runner would write its own earlier row over what someone else wrote.',
    rule: 'remove',
    noticedBy: `${keeper} > The checkpoint keeper never overwrites what another wrote, and loads the row again before it writes at all`,
  },
  {
    name: 'change-while-saving',
    against: 'Changes made while a save was under way would be lost.',
    rule: 'always',
    noticedBy: `${keeper} > The checkpoint keeper loses no note that is made while a write is on its way`,
  },
  {
    name: 'row-of-a-newer-version',
    against: 'An older Eventferry would misread and overwrite the row of a newer one.',
    rule: 'never',
    noticedBy: 'test/checkpoint/entity.test.ts > A row that a newer Eventferry wrote is left alone',
  },
  {
    name: 'shape-of-a-row',
    against: 'A run would act on a damaged row.',
    rule: 'value {}',
    noticedBy: 'test/checkpoint/hostileRows.test.ts > A row is refused when the source state in it is damaged',
  },
  {
    name: 'cursor-after-the-mark',
    against: 'Records would be read again that the stream holds already: their events would stand in it twice.',
    rule: 'never',
    noticedBy: 'test/checkpoint/hostileRows.test.ts > by its position',
  },
  {
    name: 'redaction-in-the-row',
    against: 'A secret in a message would be kept in the table.',
    rule: 'unwrap',
    noticedBy: 'test/checkpoint/entity.test.ts > The columns of a row hold no secret that slipped into a note',
  },
  {
    name: 'redaction-of-secrets',
    against: 'A key, a password or a token would reach a log.',
    rule: 'drop item 1',
    noticedBy: 'test/core/redact.test.ts > a private key',
  },
  {
    name: 'kept-message-is-not-written-over',
    against: 'A message that was set aside could be overwritten by another one.',
    rule: 'remove',
    noticedBy:
      'test/quarantine/blobQuarantine.test.ts > A message in quarantine comes back as it was, however often it is kept',
  },
  {
    name: 'kept-message-is-the-one',
    against: 'An event would stand for a message that is not kept.',
    rule: 'drop operand 2',
    noticedBy:
      'test/quarantine/blobQuarantine.test.ts > A blob that someone changed is not taken for the message in quarantine',
  },
];
