import type { Socket } from 'node:net';

/** A direction: what the client sends, or what the server answers. */
export type Direction = 'requests' | 'answers';

/** Whether and how long bytes are held up on their way. */
export interface LaneConditions {
  delayMs(): number;
  isHeld(): boolean;
}

/** What arrives, and when: bytes, the sender's end of the connection, or the loss of it. */
interface Arrival {
  readonly what: Buffer | 'end' | 'gone';
  readonly at: number;
}

/** One direction of a connection. It passes what one socket sends on to the other, in order, as conditions allow. */
export class Lane {
  private readonly queue: Arrival[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    from: Socket,
    private readonly to: Socket,
    private readonly conditions: LaneConditions,
  ) {
    from.on('data', (bytes) => this.take(bytes));
    from.on('end', () => this.take('end'));
    from.on('error', () => undefined);
    from.on('close', () => this.take('gone'));
  }

  /** Passes on everything that may arrive by now. */
  pump(): void {
    clearTimeout(this.timer);
    for (let next = this.queue[0]; next && !this.conditions.isHeld(); next = this.queue[0]) {
      const wait = next.at - Date.now();
      if (wait > 0) {
        this.timer = setTimeout(() => this.pump(), wait);
        return;
      }
      this.queue.shift();
      this.pass(next.what);
    }
  }

  private take(what: Arrival['what']): void {
    this.queue.push({ what, at: Date.now() + this.conditions.delayMs() });
    this.pump();
  }

  private pass(what: Arrival['what']): void {
    if (what === 'gone') this.to.destroySoon();
    else if (this.to.destroyed || this.to.writableEnded) return;
    else if (what === 'end') this.to.end();
    else this.to.write(what);
  }
}
