import type { Guard } from '../guard.js';

const table = 'test/checkpoint/table.test.ts';
const keeper = 'test/checkpoint/keeper.test.ts';

/** The guards of the row, of messages that are set aside, and of secrets in what people see. */
export const checkpointGuards: readonly Guard[] = [
  {
    name: 'if-match-on-the-row',
    against: 'A runner would write over what another runner, or a person, has written.',
    rule: 'drop item 3',
    noticedBy: table,
  },
  {
    name: 'own-answer',
    against: "Another runner's row would be taken for our own write.",
    rule: 'drop operand 2',
    noticedBy: table,
  },
  {
    name: 'row-is-never-set-back',
    against: 'The row would go back without a person or a restored target having asked for it.',
    rule: 'never',
    noticedBy: keeper,
  },
  {
    name: 'row-of-someone-else-is-forgotten',
    against: 'A runner would write its own earlier row over what someone else wrote.',
    rule: 'remove',
    noticedBy: keeper,
  },
  {
    name: 'change-while-saving',
    against: 'Changes made while a save was under way would be lost.',
    rule: 'always',
    noticedBy: keeper,
  },
  {
    name: 'row-of-a-newer-version',
    against: 'An older Eventferry would misread and overwrite the row of a newer one.',
    rule: 'never',
    noticedBy: 'test/checkpoint/entity.test.ts',
  },
  {
    name: 'shape-of-a-row',
    against: 'A run would act on a damaged row.',
    rule: 'value {}',
    noticedBy: 'test/checkpoint/hostileRows.test.ts',
  },
  {
    name: 'cursor-after-the-mark',
    against: 'Records would be read again that the stream holds already: their events would stand in it twice.',
    rule: 'never',
    noticedBy: 'test/checkpoint/hostileRows.test.ts',
  },
  {
    name: 'redaction-in-the-row',
    against: 'A secret in a message would be kept in the table.',
    rule: 'unwrap',
    noticedBy: 'test/checkpoint/entity.test.ts',
  },
  {
    name: 'redaction-of-secrets',
    against: 'A key, a password or a token would reach a log.',
    rule: 'drop item 1',
    noticedBy: 'test/core/redact.test.ts',
  },
  {
    name: 'kept-message-is-not-written-over',
    against: 'A message that was set aside could be overwritten by another one.',
    rule: 'remove',
    noticedBy: 'test/quarantine/blobQuarantine.test.ts',
  },
  {
    name: 'kept-message-is-the-one',
    against: 'An event would stand for a message that is not kept.',
    rule: 'drop operand 2',
    noticedBy: 'test/quarantine/blobQuarantine.test.ts',
  },
];
