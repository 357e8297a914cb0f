/** What a test can know about a write before it happens. */
export interface WriteFacts {
  /** Counts the writes of this server, from 1. */
  readonly number: number;
  readonly stream: string;
  /** -1 no stream, -2 any, -4 stream exists, else the exact revision. */
  readonly expected: number;
  readonly events: number;
}

/**
 * What becomes of a write and its answer. `dropBefore` and `dropAfter` cut every connection, without and with the write
 * having happened. `timeout` is the server's own Timeout answer, without and (`timeoutAfter`) with the write.
 */
export type WriteFault = 'none' | 'loseAnswer' | 'dropBefore' | 'dropAfter' | 'timeout' | 'timeoutAfter' | 'notReady';

/** What the faults act on. */
export interface FaultTargets {
  dropConnections(): void;
  endBatchAppendCalls(): void;
  holdCommits(): () => void;
}

/** Faults on demand. Each stays until it is taken back, `clear()` is called or, where it says so, it is used up. */
export class Faults {
  /** Every call fails with UNAVAILABLE "Server Is Not Ready". */
  refuse = false;
  /** Whoever may come in may not write. */
  denyWrites = false;
  /** Calls are taken and never answered; nothing is written. */
  silent = false;
  /** Writes, and reads that require the leader, are answered with not-leader and this address. */
  leader: { host: string; port: number } | undefined;
  /** Every answer waits so long; they stay in order. */
  delayMs = 0;
  /** Answers to writes wait for each other, 20 ms at most, and go out in reverse. */
  reorderReplies = false;
  /** Asked about every write. */
  onWrite: ((write: WriteFacts) => WriteFault) | undefined;
  /** Writes asked for so far. */
  writes = 0;
  private readonly queued: WriteFault[] = [];
  private readonly releases = new Set<() => void>();
  private waiting: (() => void)[] = [];

  constructor(private readonly targets: FaultTargets) {}

  /** Cuts every connection now, without a goodbye. */
  dropConnections(): void {
    this.targets.dropConnections();
  }

  /** Ends the BatchAppend calls that are open now with OK, as a server that shuts down politely does. */
  endBatchAppendCalls(): void {
    this.targets.endBatchAppendCalls();
  }

  /** The next `count` writes happen and their answers never come. */
  loseAcknowledgements(count = 1): void {
    for (let i = 0; i < count; i++) this.queued.push('loseAnswer');
  }

  /** The next writes get these faults, one each. */
  next(...faults: WriteFault[]): void {
    this.queued.push(...faults);
  }

  /**
   * Writes are accepted but not committed - nobody sees them, nobody is answered - until the release is called. A stop
   * in between loses them if the server has a directory, and otherwise leaves them to the release.
   */
  holdCommits(): () => void {
    const open = this.targets.holdCommits();
    const release = (): void => {
      this.releases.delete(release);
      open();
    };
    this.releases.add(release);
    return release;
  }

  /** Back to a server without faults. */
  clear(): void {
    this.refuse = this.denyWrites = this.silent = this.reorderReplies = false;
    this.leader = this.onWrite = undefined;
    this.delayMs = 0;
    this.queued.length = 0;
    for (const release of this.releases) release();
  }

  /** The fault for one write; for the server's own use. */
  forWrite(stream: string, expected: number, events: number): WriteFault {
    this.writes++;
    return this.queued.shift() ?? this.onWrite?.({ number: this.writes, stream, expected, events }) ?? 'none';
  }

  /** Sends an answer, or does with it what was asked for; for the server's own use. */
  answer(send: () => void): void {
    if (this.silent) return;
    if (this.delayMs > 0) setTimeout(send, this.delayMs);
    else if (this.reorderReplies) {
      if (this.waiting.length === 0) setTimeout(() => this.sendReversed(), 20);
      this.waiting.push(send);
    } else send();
  }

  private sendReversed(): void {
    const sends = this.waiting.reverse();
    this.waiting = [];
    for (const send of sends) send();
  }
}
