import { setImmediate as turn } from 'node:timers/promises';

const framesPerTurn = 2_000;
const bytesPerTurn = 512 * 1024;

/** Hashing frames holds the process up: after some of them, its other work has a turn. */
export class Turns {
  private frames = 0;
  private bytes = 0;

  /** Counts one more frame. */
  isDue(frameBytes: number): boolean {
    this.bytes += frameBytes;
    return ++this.frames >= framesPerTurn || this.bytes >= bytesPerTurn;
  }

  async give(signal: AbortSignal): Promise<void> {
    this.frames = this.bytes = 0;
    await turn();
    signal.throwIfAborted();
  }
}
