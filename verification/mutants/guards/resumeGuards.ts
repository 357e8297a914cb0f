import type { Guard } from '../guard.js';

const decisions = 'test/engine/decisions/decisions.test.ts';
const changedSettings = 'test/engine/decisions/changedSettings.test.ts';
const resume = 'test/engine/resume/resume.test.ts';
const lostTarget = 'test/engine/resume/resumeLostTarget.test.ts';
const foreignEvents = 'test/engine/resume/resumeForeignEvents.test.ts';
const unsavedRow = 'test/engine/resume/resumeUnsavedRow.test.ts';
const setAside = 'test/engine/quarantining.test.ts';

/** The guards of resuming, and of what people decide about a stop. */
export const resumeGuards: readonly Guard[] = [
  {
    name: 'row-without-a-place',
    against:
      'A row that was made only to record an outage would be caught up from, without what people accepted meanwhile.',
    rule: 'drop operand 2',
    noticedBy: `${decisions} > A finding that was accepted does not stop replication again when the row is lost and the next start fails`,
  },
  {
    name: 'what-came-behind-the-cursor',
    against: 'After a kill, a chunk that appeared before the cursor could not be accepted, only passed over.',
    rule: 'always',
    noticedBy: `${decisions} > accept --chunk leads on where the row is behind the stream`,
  },
  {
    name: 'settings-accepted-for-now',
    against: 'Once one change of settings was accepted, every later change would pass too.',
    rule: 'drop operand 2',
    noticedBy: `${decisions} > Accepting changed settings allows neither other settings, nor a return to the old ones`,
  },
  {
    name: 'source-id-is-never-changed',
    against: 'Behind a foreign event, everything that was written under an earlier SOURCE_ID would be appended again.',
    rule: 'never',
    noticedBy: `${changedSettings} > A changed SOURCE_ID is SettingsChanged also where a foreign event follows ours`,
  },
  {
    name: 'another-id-of-the-source',
    against: 'Events of another source in the stream would be taken for ours under an earlier SOURCE_ID.',
    rule: 'drop operand 3',
    noticedBy: `${foreignEvents} > An event that was written for another source is not ours`,
  },
  {
    name: 'oldest-event-of-another-id',
    against: 'While a container is copied, everything could be appended again under another SOURCE_ID.',
    rule: 'remove',
    noticedBy: `${changedSettings} > A changed SOURCE_ID is SettingsChanged also while the container lacks the last chunk`,
  },
  {
    name: 'row-of-changed-settings',
    against:
      'After a kill, the row would stand behind records that the new settings have made events of: SourceReplaced.',
    rule: 'never',
    noticedBy: 'test/checkpoint/keeper.test.ts > The checkpoint keeper saves at once that records are read again',
  },
  {
    name: 'acceptance-in-the-chain',
    against: 'Foreign events that a person accepted would be a conflict again once the row is lost.',
    rule: 'drop operand 1',
    noticedBy: `${changedSettings} > An accepted foreign event is known to a run whose row is from before the acceptance`,
  },
  {
    name: 'frames-of-a-catch-up',
    against: 'A record that was replaced since the row was saved would be taken for the one in the stream.',
    rule: 'remove',
    noticedBy: `${unsavedRow} > A record before the tail that was replaced since the row was saved is SourceReplaced`,
  },
  {
    name: 'hidden-events-among-ours',
    against: 'Events that the stream hides would be reported as missing.',
    rule: 'remove',
    noticedBy: `${unsavedRow} > Events since the row was saved that are hidden by now are not missed`,
  },
  {
    name: 'rest-of-a-record-set-aside',
    against: 'Placeholders in the rest of a record would stand for messages that are kept nowhere.',
    rule: 'remove',
    noticedBy: `${setAside} > A crash anywhere in a record with a message in quarantine leads to the same stream and the same blobs`,
  },
  {
    name: 'what-the-stream-holds-of-a-chunk',
    against: 'What was added to a chunk could never be accepted.',
    rule: 'drop operand 2',
    noticedBy: `${decisions} > accept --chunk reads what was added`,
  },
  {
    name: 'hidden-events-of-ours',
    against: 'Events that a soft-deleted stream hides would be in it twice once it shows them again.',
    rule: 'always',
    noticedBy: `${decisions} > A soft-deleted stream that somebody else wrote to is not rewound`,
  },
  {
    name: 'chunk-left-earlier',
    against: 'Records that another runner had not seen when it went on to the next chunk would be lost.',
    rule: 'never',
    noticedBy: `${unsavedRow} > When another runner had counted fewer records up to the tail, what stands where the row stood is SourceForked`,
  },
  {
    name: 'what-the-stream-holds-is-not-accepted',
    against: 'A chunk that only seems to be new would be read again when a person accepts it, and its events doubled.',
    rule: 'remove',
    noticedBy: `${decisions} > accept --chunk refuses a chunk whose events the stream holds already`,
  },
  {
    name: 'positions-of-two-runners',
    against:
      'Later events would get positions that differ from the source, and verify would report each of them as changed.',
    rule: 'remove',
    noticedBy: `${unsavedRow} > another runner had counted a record more`,
  },
  {
    name: 'split-record-index',
    against: 'The first events of a record that a crash cut would be doubled.',
    rule: 'drop item 1',
    noticedBy: `${resume} > the rest of it comes first`,
  },
  {
    name: 'rest-of-a-record',
    against: 'The last events of a record that a crash cut would be lost.',
    rule: 'always',
    noticedBy: `${resume} > the rest of it comes first`,
  },
  {
    name: 'begun-record-is-finished',
    against: 'The last events of a record that a crash cut would be lost when its key is excluded since.',
    rule: 'drop operand 2',
    noticedBy: `${resume} > is finished as it was begun`,
  },
  {
    name: 'count-of-a-record',
    against: 'A half-appended record that makes other events now would be continued at the wrong event.',
    rule: 'never',
    noticedBy: `${resume} > A record that was cut by a crash and makes another number of events under the same settings is SettingsChanged`,
  },
  {
    name: 'settings-of-the-tail',
    against: 'Events written under other settings would follow although nobody accepted the change.',
    rule: 'remove',
    noticedBy: `${resume} > is SettingsChanged and named; accept settings goes on`,
  },
  {
    name: 'tail-by-mark',
    against: 'A row that is too old would double events; a row that is ahead would lose them.',
    rule: 'drop operand 2',
    noticedBy: `${resume} > When the row is older than our last event, replication goes on behind the mark`,
  },
  {
    name: 'same-revision-another-event',
    against: 'The row of another server would be taken for the row of this one.',
    rule: 'drop operand 2',
    noticedBy: `${resume} > A row that names another event at the last revision is taken for another server’s`,
  },
  {
    name: 'restored-target',
    against:
      'A row that is ahead of a restored target would stay: records would be skipped, or replication would stop.',
    rule: 'remove',
    noticedBy: `${resume} > the target was restored: replication goes on behind its tail`,
  },
  {
    name: 'lost-target',
    against: 'A stream that held confirmed events and is gone would be silently replicated from the beginning.',
    rule: 'never',
    noticedBy: `${lostTarget} > A target stream that does not exist although an event of it was confirmed is TargetLost; rewind replicates all again`,
  },
  {
    name: 'records-passed-over-under-other-settings',
    against: 'Records that were excluded under other settings would never be looked at again.',
    rule: 'always',
    noticedBy: `${lostTarget} > When the target stream does not exist, records that were passed over under other settings are looked at again`,
  },
  {
    name: 'foreign-tail',
    against: 'Events would be appended after an event that somebody else wrote.',
    rule: 'always',
    noticedBy: `${foreignEvents} > A last event that is not ours is TargetConflict, and accept --revision goes on behind it`,
  },
  {
    name: 'accepted-is-the-very-event',
    against: 'If another event came to an accepted revision, it would count as accepted.',
    rule: 'drop operand 2',
    noticedBy: `${foreignEvents} > Accepting a foreign event holds for that very event, not for another that came to stand there`,
  },
  {
    name: 'hole-before-an-append',
    against: 'Events of ours that are missing because of a foreign append would stay unnoticed.',
    rule: 'remove',
    noticedBy: `${foreignEvents} > An append of somebody else between ours that was taken where ours are missing is TargetConflict`,
  },
  {
    name: 'hole-inside-a-record',
    against: 'Events missing inside a large record would stay unnoticed.',
    rule: 'remove',
    noticedBy: `${foreignEvents} > of a record is TargetConflict`,
  },
  {
    name: 'foreign-event-among-ours',
    against: "Somebody else's events between ours would stay unnoticed.",
    rule: 'never',
    noticedBy: `${foreignEvents} > A foreign event that stands before one of ours is TargetConflict`,
  },
  {
    name: 'catch-up-since-the-row',
    against: 'Chunks that reading left after the row was saved would not be watched.',
    rule: 'never',
    noticedBy: `${unsavedRow} > A chunk that a dead run had left and that goes on is SourceForked all the same`,
  },
  {
    name: 'rewind-only-what-is-lost',
    against: 'A rewind would write every event a second time.',
    rule: 'never',
    noticedBy: `${lostTarget} > rewind refuses a stream that is not lost`,
  },
  {
    name: 'rewind-of-a-soft-deleted-stream',
    against: 'A rewind would write to a stream that accepts known ids but stores nothing.',
    rule: 'never',
    noticedBy: `${lostTarget} > and rewind refuses it`,
  },
];
