/** A write that is accepted but not committed yet. */
interface Pending {
  readonly record: readonly Buffer[];
  readonly commit: () => void;
}

/** Makes records durable; resolves when they are. */
export type Persist = (records: readonly (readonly Buffer[])[]) => Promise<void>;

/**
 * The second step of a write. Accepted writes are made durable, several at a time, and then committed in order. Only a
 * committed write is visible to readers and answered to its client.
 */
export class CommitQueue {
  private pending: Pending[] = [];
  private working: Promise<void> | undefined;
  private gate: Promise<void> | undefined;
  private failure: Error | undefined;

  constructor(private readonly persist: Persist) {}

  push(record: readonly Buffer[], commit: () => void): void {
    if (this.failure) throw this.failure;
    this.pending.push({ record, commit });
    this.working ??= this.work();
  }

  /** Holds back all writes that are accepted from now on, until the returned function is called. */
  hold(): () => void {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const before = this.gate;
    this.gate = before ? Promise.all([before, gate]).then(() => undefined) : gate;
    const held = this.gate;
    return () => {
      if (this.gate === held) this.gate = undefined;
      open();
    };
  }

  /** Resolves when everything accepted so far is committed. */
  async drained(): Promise<void> {
    while (this.working) await this.working;
  }

  /** Forgets the writes that are held back, as a crash does; resolves when all others are committed. */
  async abandonHeld(): Promise<void> {
    if (this.gate) this.pending = [];
    else await this.drained();
  }

  private async work(): Promise<void> {
    try {
      await nextTurn();
      while (this.pending.length > 0) {
        while (this.gate) await this.gate;
        const batch = this.pending;
        this.pending = [];
        await this.persist(batch.map(({ record }) => record));
        for (const { commit } of batch) commit();
      }
    } catch (error) {
      this.failure = error as Error;
      throw error;
    } finally {
      this.working = undefined;
    }
  }
}

/** Does nothing; for a store in memory. */
export const inMemory: Persist = () => Promise.resolve();

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
