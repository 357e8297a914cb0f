/** What a test is told about a write before it happens. */
export interface WriteFacts {
  /** The number of this write, counted from 1 since the server started. */
  readonly number: number;
  readonly stream: string;
  /** -1 no stream, -2 any, -4 stream exists, else the exact revision. */
  readonly expected: number;
  readonly events: number;
}

/**
 * What happens to a write and its answer. `dropBefore` cuts every connection and writes nothing; `dropAfter` writes,
 * then cuts every connection. `timeout` answers with the server's Timeout and writes nothing; `timeoutAfter` writes and
 * answers with Timeout.
 */
export type WriteFault = 'none' | 'loseAnswer' | 'dropBefore' | 'dropAfter' | 'timeout' | 'timeoutAfter' | 'notReady';

/** What the faults act on. */
export interface FaultTargets {
  dropConnections(): void;
  endBatchAppendCalls(): void;
  holdCommits(): () => void;
}

/** Faults on demand. Each lasts until it is reset or `clear()` is called; those with a count end when it is used up. */
export class Faults {
  /** Every call fails with UNAVAILABLE "Server Is Not Ready". */
  refuse = false;
  /** Users may connect and read, but not write. */
  denyWrites = false;
  /** Calls are accepted but never answered; nothing is written. */
  silent = false;
  /** Writes, and reads that require the leader, are answered with not-leader and this address. */
  leader: { host: string; port: number } | undefined;
  /** Delays every answer by so long; the answers stay in order. */
  delayMs = 0;
  /** Collects the answers to writes for at most 20 ms and sends them in reverse order. */
  reorderReplies = false;
  /** Called before every write; decides its fault. */
  onWrite: ((write: WriteFacts) => WriteFault) | undefined;
  /** The number of writes that clients have asked for so far. */
  writes = 0;
  private readonly queued: WriteFault[] = [];
  private readonly releases = new Set<() => void>();
  private waiting: (() => void)[] = [];

  constructor(private readonly targets: FaultTargets) {}

  /** Cuts every connection now, without a gRPC goodbye. */
  dropConnections(): void {
    this.targets.dropConnections();
  }

  /** Ends the open BatchAppend calls with OK, as a server does that shuts down in order. */
  endBatchAppendCalls(): void {
    this.targets.endBatchAppendCalls();
  }

  /** The next `count` writes happen, but their answers are never sent. */
  loseAcknowledgements(count = 1): void {
    for (let i = 0; i < count; i++) this.queued.push('loseAnswer');
  }

  /** The next writes get these faults, one each. */
  next(...faults: WriteFault[]): void {
    this.queued.push(...faults);
  }

  /**
   * Accepts writes but does not commit them until the returned function is called: readers do not see them, and clients
   * get no answer. When the server stops in between, it loses them if it has a directory and keeps them otherwise.
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

  /** Ends all faults. */
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

  /** Sends an answer, or delays, reorders or drops it as the faults say; for the server's own use. */
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
