import type { Clock } from '../../core/clock.js';

/** A request holds whole records up to so many bytes: 500 events of 300 bytes already run at the server's speed. */
export const requestBytes = 200 * 1024;

const minRequests = 3;
const maxRequests = 16;
/** More than this many requests in the server's queue only wait; with fewer it may soon have nothing to do. */
const fullQueue = 4;
const shortQueue = 2;
const learnAnewMs = 30_000;
/** A reply says so long how the stream ends. */
const knownForMs = 1_000;

/** An append under way, for {@link AppendWindow.answered}. */
export interface Timed {
  readonly bytes: number;
  readonly sentAt: number;
}

/**
 * How many requests may be under way. The shortest reply time seen is what an append takes when none is before it; if
 * replies now take k times as long, all but one in k of our requests are waiting in the server's queue. Two to four
 * should wait: then the server always has the next one at hand, and more would only take longer (measured: eight
 * requests of 2,000 events are slower than four of 500, at ten times the reply time). So the window grows by one
 * request whenever it held us back for a round of replies while fewer than two were queued, as they are over a long
 * line, and shrinks by one when more than four were. It starts with three requests and forgets what it has learnt
 * after 30 s, since servers and lines change. A line whose delay wavers by half looks like a queue and gets fewer. Small
 * requests, as there are near the head, say nothing about it: they leave at once. Bytes in flight are bounded too, so
 * that large events do not multiply.
 *
 * The first request goes alone, and so does one that leaves a second after the last reply or later. Until it is
 * answered nobody knows that the stream is still as it was: had it grown meanwhile, by just as many events, that request
 * would fail and one behind it would not.
 */
export class AppendWindow {
  /** Most requests under way. */
  requests = minRequests;
  private inFlight = 0;
  private inFlightBytes = 0;
  private answeredAt = -Infinity;
  private isAlone = false;
  private shortestMs = Infinity;
  private learntSince: number;
  /** Of the current round of replies. */
  private replies = 0;
  private repliesMs = 0;
  private heldBack = false;

  constructor(private readonly clock: Clock) {
    this.learntSince = clock.elapsed();
  }

  /** True when a request of so many bytes may leave now. One may always be under way, however large. */
  hasRoom(bytes: number): boolean {
    if (this.inFlight === 0) return true;
    // guard: first-append-alone
    if (this.isAlone) return false;
    if (this.inFlight < this.requests && this.inFlightBytes + bytes <= this.requests * requestBytes) return true;
    this.heldBack = true;
    return false;
  }

  /** A request leaves. */
  sent(bytes: number): Timed {
    const now = this.clock.elapsed();
    this.isAlone = this.inFlight === 0 && now - this.answeredAt >= knownForMs;
    this.inFlight++;
    this.inFlightBytes += bytes;
    return { bytes, sentAt: now };
  }

  /** Its reply is here. */
  answered({ bytes, sentAt }: Timed): void {
    const now = this.clock.elapsed();
    this.answeredAt = now;
    this.isAlone = false;
    this.inFlight--;
    this.inFlightBytes -= bytes;
    if (bytes < requestBytes / 2) return;
    this.shortestMs = Math.min(this.shortestMs, now - sentAt);
    this.repliesMs += now - sentAt;
    if (++this.replies >= this.requests) this.adapt(now);
  }

  private adapt(now: number): void {
    const averageMs = this.repliesMs / this.replies;
    const queued = averageMs === 0 ? 0 : this.requests * (1 - this.shortestMs / averageMs);
    if (queued > fullQueue) this.requests = Math.max(minRequests, this.requests - 1);
    else if (queued < shortQueue && this.heldBack) this.requests = Math.min(maxRequests, this.requests + 1);
    this.replies = 0;
    this.repliesMs = 0;
    this.heldBack = false;
    if (now - this.learntSince < learnAnewMs) return;
    this.requests = minRequests;
    this.shortestMs = Infinity;
    this.learntSince = now;
  }
}
