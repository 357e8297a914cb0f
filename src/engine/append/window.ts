import type { Clock } from '../../core/clock.js';

/** A request holds whole records up to this many bytes. 500 events of 300 bytes already run at the server's speed. */
export const requestBytes = 200 * 1024;

const minRequests = 3;
const maxRequests = 16;
/** Requests in the server's queue: more than this only wait. */
const fullQueue = 4;
/** With fewer than this in its queue, the server may soon have nothing to do. */
const shortQueue = 2;
const learnAnewMs = 30_000;
/** For this long after a reply we know how the stream ends. */
const knownForMs = 1_000;

/** An append under way, for {@link AppendWindow.answered}. */
export interface Timed {
  readonly bytes: number;
  readonly sentAt: number;
}

/**
 * How many requests may be under way.
 *
 * The shortest reply time seen is that of an append with no other before it. If replies now take k times as long, only
 * one in k of our requests is at work; the others wait in the server's queue. Two to four should wait: then the server
 * always has the next one at hand. More would only take longer (measured: eight requests of 2,000 events are slower
 * than four of 500, at ten times the reply time). So the window grows by one request when it held us back during a
 * round of replies and fewer than two were queued, as happens over a long line. It shrinks by one when more than four
 * were queued. It starts with three requests, and forgets after 30 s what it has learnt, since servers and lines
 * change. A line whose delay wavers by half looks like a queue and gets fewer requests. Small requests, as they occur
 * near the head, leave at once and teach nothing. The bytes in flight are bounded too, for the sake of large events.
 *
 * The first request goes alone, and so does one that leaves a second or more after the last reply. Until it is
 * answered, nobody knows whether the stream is still as it was. If the stream had grown meanwhile by just as many
 * events, that request would fail and the one after it would not.
 */
export class AppendWindow {
  /** At most this many requests are under way. */
  requests = minRequests;
  private inFlight = 0;
  private inFlightBytes = 0;
  private answeredAt = -Infinity;
  private isAlone = false;
  private shortestMs = Infinity;
  private learntSince: number;
  /** These three are of the current round of replies. */
  private replies = 0;
  private repliesMs = 0;
  private heldBack = false;

  constructor(private readonly clock: Clock) {
    this.learntSince = clock.elapsed();
  }

  /** True when a request of this many bytes may leave now. One may always be under way, however large. */
  hasRoom(bytes: number): boolean {
    if (this.inFlight === 0) return true;
    // guard: first-append-alone
    if (this.isAlone) return false;
    if (this.inFlight < this.requests && this.inFlightBytes + bytes <= this.requests * requestBytes) return true;
    this.heldBack = true;
    return false;
  }

  sent(bytes: number): Timed {
    const now = this.clock.elapsed();
    this.isAlone = this.inFlight === 0 && now - this.answeredAt >= knownForMs;
    this.inFlight++;
    this.inFlightBytes += bytes;
    return { bytes, sentAt: now };
  }

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
