import type { Guard } from './guard.js';

const table = 'test/checkpoint/tableCheckpoint.test.ts';
const keeper = 'test/checkpoint/checkpointKeeper.test.ts';

/** What the row, what is set aside and what people are shown rely on. */
export const checkpointGuards: readonly Guard[] = [
  {
    name: 'If-Match on the checkpoint',
    against: 'A runner would write over what another runner, or a person, has written.',
    file: 'src/checkpoint/tableCheckpoint.ts',
    text: "'Replace', { etag, ...this.terms(signal) }",
    mutant: "'Replace', { ...this.terms(signal) }",
    noticedBy: table,
  },
  {
    name: 'own answer, when it was lost',
    against: "Another runner's row would be taken for our own write.",
    file: 'src/checkpoint/tableCheckpoint.ts',
    text: 'if (stored && isDeepStrictEqual(stored.entity, entity)) return stored.etag;',
    mutant: 'if (stored) return stored.etag;',
    noticedBy: table,
  },
  {
    name: 'row is never set back',
    against: 'The row would go back without a person or a restored target having asked for it.',
    file: 'src/checkpoint/checkpointKeeper.ts',
    text: 'if (isBehind(reached, before, this.identity)) {',
    mutant: 'if (before.generation < 0) {',
    noticedBy: keeper,
  },
  {
    name: 'row that someone else wrote is forgotten',
    against: 'What was held would be written over what someone else wrote.',
    file: 'src/checkpoint/checkpointKeeper.ts',
    text: "if (error instanceof Failure && error.kind === 'CheckpointMoved') this.forget();",
    mutant: '',
    noticedBy: keeper,
  },
  {
    name: 'change while a save is under way',
    against: 'What changed while the answer was on its way would be lost.',
    file: 'src/checkpoint/checkpointKeeper.ts',
    text: 'if (this.held === row) this.held = written;',
    mutant: 'this.held = written;',
    noticedBy: keeper,
  },
  {
    name: 'row of a newer version',
    against: 'An older Eventferry would misread and overwrite the row of a newer one.',
    file: 'src/checkpoint/checkpointEntity.ts',
    text: "if (Number(entity['schema']) > schema) {",
    mutant: "if (Number(entity['schema']) < 0) {",
    noticedBy: 'test/checkpoint/checkpointEntity.test.ts',
  },
  {
    name: 'shape of a damaged row',
    against: 'A damaged row would be acted on.',
    file: 'src/checkpoint/rowShape.ts',
    text: 'if (result.success) return result.data as unknown as Shaped[Name];',
    mutant: 'if (result.success || value) return value as Shaped[Name];',
    noticedBy: 'test/checkpoint/hostileRows.test.ts',
  },
  {
    name: 'redaction in the row',
    against: 'A secret in a message would be kept in the table.',
    file: 'src/checkpoint/checkpointEntity.ts',
    text: 'const safe = redact(value);',
    mutant: 'const safe = value;',
    noticedBy: 'test/checkpoint/checkpointEntity.test.ts',
  },
  {
    name: 'redaction of secrets',
    against: 'A key, a password or a token would reach a log.',
    file: 'src/telemetry/redact.ts',
    text: 'return patterns.reduce(',
    mutant: 'return patterns.slice(1).reduce(',
    noticedBy: 'test/telemetry/redact.test.ts',
  },
  {
    name: 'kept message is never written over',
    against: 'A message that was set aside could be replaced by another one.',
    file: 'src/quarantine/blobQuarantine.ts',
    text: "conditions: { ifNoneMatch: '*' },",
    mutant: '',
    noticedBy: 'test/quarantine/blobQuarantine.test.ts',
  },
  {
    name: 'kept message is the one',
    against: 'An event would stand for a message that is not kept.',
    file: 'src/quarantine/blobQuarantine.ts',
    text: 'if (there && Buffer.compare(there.body, body) === 0) return;',
    mutant: 'if (there) return;',
    noticedBy: 'test/quarantine/blobQuarantine.test.ts',
  },
];
