import type { CheckpointStore, StoredRow } from '../../../src/checkpoint/checkpoint.js';
import type { CheckpointRow } from '../../../src/checkpoint/row.js';
import { Failure } from '../../../src/core/failure.js';

/** A table with one row, kept in memory; `down` makes it unreachable. */
export class MemoryCheckpointStore implements CheckpointStore {
  stored: StoredRow | undefined;
  down = false;
  writes = 0;

  load(): Promise<StoredRow | undefined> {
    return this.answer(() => this.stored);
  }

  insert(row: CheckpointRow): Promise<StoredRow> {
    return this.answer(() => {
      if (this.stored) throw new Failure('CheckpointMoved', 'there is a row already');
      return this.write(row);
    });
  }

  replace(row: CheckpointRow, etag: string): Promise<StoredRow> {
    return this.answer(() => {
      if (this.stored?.etag !== etag) throw new Failure('CheckpointMoved', 'someone else wrote the row');
      return this.write(row);
    });
  }

  private write(row: CheckpointRow): StoredRow {
    this.writes += 1;
    this.stored = { row: JSON.parse(JSON.stringify(row)) as CheckpointRow, etag: String(this.writes) };
    return this.stored;
  }

  private answer<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      if (this.down) throw new Failure('CheckpointUnreachable', 'the table cannot be reached');
      resolve(work());
    });
  }
}
