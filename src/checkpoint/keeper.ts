import { isDeepStrictEqual } from 'node:util';

import type { Clock } from '../core/clock.js';
import { Failure } from '../core/failure.js';
import { beginning } from '../core/cursor.js';
import { iso } from '../core/time.js';
import type { CheckpointStore } from './checkpoint.js';
import type { Acceptance, CheckpointRow, RunNote } from './row.js';

/** Whose row it is, and the settings that decide what is written, by name. */
export type CheckpointIdentity = Pick<CheckpointRow, 'source' | 'stream' | 'settings'>;

export type Reached = Pick<CheckpointRow, 'cursor' | 'confirmed'>;

/** Changes to the run's note; `undefined` takes an entry away. */
export type RunPatch = { readonly [K in keyof RunNote]?: RunNote[K] | undefined };

/** A row that says nothing new is written again after this long, so that people see the run is alive. */
const refreshEveryMs = 60_000;

/**
 * What a run knows about its checkpoint row, and when it is written: as little as possible, and never over what someone
 * else wrote. Must be loaded first, and again after `CheckpointMoved`: everything held is forgotten then.
 */
export class CheckpointKeeper {
  private state: 'unread' | 'read' = 'unread';
  private held: CheckpointRow | undefined;
  /** The row as the table has it, as far as we know. */
  private stored: { readonly row: CheckpointRow; readonly etag: string } | undefined;
  private savedAt = -Infinity;

  constructor(
    private readonly store: CheckpointStore,
    private readonly clock: Clock,
    private readonly identity: CheckpointIdentity,
    private readonly saveEveryMs = 5_000,
  ) {}

  /** The row with what is not written yet; undefined before there is one, and when it has to be loaded again. */
  get row(): CheckpointRow | undefined {
    return this.held;
  }

  /** Reads the row and drops what was not saved. When that fails, what was held stays. @throws Failure */
  async load(signal?: AbortSignal): Promise<CheckpointRow | undefined> {
    const stored = await this.store.load(signal);
    this.state = 'read';
    this.stored = stored;
    this.held = stored?.row;
    return this.held;
  }

  /**
   * Replication has come this far; saved at most every 5 s.
   *
   * @throws Failure of the store. @throws Error when this would set the row back, which only {@link rollBack} may.
   */
  async advance(reached: Reached): Promise<void> {
    const before = this.rowOrNew();
    // guard: row-is-never-set-back
    if (isBefore(reached, before, this.identity)) {
      throw new Error(
        `The checkpoint of ${before.stream} stands at position ${before.cursor.position} and may not be set back.`,
      );
    }
    const { generation, accepted, run } = before;
    const confirmed = reached.confirmed ?? before.confirmed;
    this.change({
      ...this.identity,
      cursor: reached.cursor,
      ...(confirmed && { confirmed }),
      generation,
      settings: isDeepStrictEqual(reached.cursor, before.cursor) ? before.settings : this.identity.settings,
      ...(accepted && { accepted }),
      ...(run && { run }),
    });
    if (this.held !== this.stored?.row && this.clock.elapsed() - this.savedAt >= this.saveEveryMs) await this.save();
  }

  /**
   * Sees to it that the table holds a row which says how far replication has come, also where records are read again
   * because the settings have changed: after a kill, a start reads on from the row. @throws as {@link advance} does
   */
  async ensureRow(reached: Reached): Promise<void> {
    const row = this.stored?.row;
    // guard: row-of-changed-settings
    const isSetBack =
      row && reached.cursor.position < row.cursor.position && !isDeepStrictEqual(row.settings, this.identity.settings);
    if (row && !row.unplaced && !isSetBack) return;
    await this.advance(reached);
    await this.save();
  }

  /** Sets the row back, for a target that was restored or a `rewind`, and saves it. @throws Failure */
  async rollBack({ cursor, confirmed }: Reached): Promise<void> {
    const { accepted, run, generation } = this.rowOrNew();
    this.change({
      ...this.identity,
      cursor,
      ...(confirmed && { confirmed }),
      generation: generation + 1,
      ...(accepted && { accepted }),
      ...(run && { run }),
    });
    await this.save();
  }

  /** Saves what a person has accepted, beside what was accepted before. @throws Failure */
  async accept(acceptance: Acceptance): Promise<void> {
    const before = this.rowOrNew();
    this.change({ ...before, accepted: { ...before.accepted, ...acceptance } });
    await this.save();
  }

  /** Changes the note for people. Written by the next save; without a row that was read, forgotten. */
  patchRun(patch: RunPatch): void {
    if (this.state === 'unread') return;
    const before = this.rowOrNew();
    const now = iso(this.clock.now());
    const run: Record<string, unknown> = { runner: '', startedAt: now, refreshedAt: now, ...before.run };
    for (const [name, value] of Object.entries(patch)) {
      if (value !== undefined) run[name] = value;
      else delete run[name];
    }
    this.change({ ...before, run: run as unknown as RunNote });
  }

  /**
   * Writes what changed; when nothing did, only a note older than a minute is renewed.
   *
   * @throws Failure `CheckpointMoved` when someone else wrote the row, or when it was not read since they did.
   */
  async save(signal?: AbortSignal): Promise<void> {
    if (this.state === 'unread') throw this.notRead();
    const row = this.held;
    if (!row || (row === this.stored?.row && !this.isStale(row))) return;
    const written: CheckpointRow = row.run ? { ...row, run: { ...row.run, refreshedAt: iso(this.clock.now()) } } : row;
    try {
      const stored = this.stored
        ? await this.store.replace(written, this.stored.etag, signal)
        : await this.store.insert(written, signal);
      this.stored = { row: written, etag: stored.etag };
    } catch (error) {
      // guard: row-of-someone-else-is-forgotten
      if (error instanceof Failure && error.kind === 'CheckpointMoved') this.forget();
      throw error;
    }
    // What changed while the answer was on its way is still to be written.
    // guard: change-while-saving
    if (this.held === row) this.held = written;
    this.savedAt = this.clock.elapsed();
  }

  private forget(): void {
    this.state = 'unread';
    this.held = undefined;
    this.stored = undefined;
  }

  private rowOrNew(): CheckpointRow {
    if (this.state === 'unread') throw this.notRead();
    return this.held ?? { ...this.identity, cursor: beginning, generation: 0, unplaced: true };
  }

  private change(row: CheckpointRow): void {
    if (!isDeepStrictEqual(row, this.held)) this.held = row;
  }

  private isStale(row: CheckpointRow): boolean {
    // Also one that is from the future: the clock was set back since.
    return row.run !== undefined && Math.abs(this.clock.now() - Date.parse(row.run.refreshedAt)) >= refreshEveryMs;
  }

  private notRead(): Failure {
    const { source, stream } = this.identity;
    const message = `The checkpoint row of ${source} and ${stream} must be read again first.`;
    return new Failure('CheckpointMoved', message, { source, stream });
  }
}

/** What was reached under other settings before anything was confirmed does not count: it is looked at again. */
function isBefore(reached: Reached, row: CheckpointRow, identity: CheckpointIdentity): boolean {
  const [now, before] = [reached.confirmed?.revision, row.confirmed?.revision];
  if (now !== undefined && before !== undefined && now !== before) return now < before;
  if (now !== before) return false;
  return reached.cursor.position < row.cursor.position && isDeepStrictEqual(row.settings, identity.settings);
}
