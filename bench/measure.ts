import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** What a piece of work cost. The process did nothing else meanwhile. */
export interface Measured {
  readonly events: number;
  readonly seconds: number;
  /** User and system time of the whole process, garbage collection included. */
  readonly processorSeconds: number;
  /** The longest time for which the event loop was held up. */
  readonly longestHoldMs: number;
}

const tickMs = 5;

/** @param work returns how many events it processed */
export async function measure(work: () => Promise<number>): Promise<Measured> {
  const hold = new HoldWatch();
  const processor = process.cpuUsage();
  const started = performance.now();
  const events = await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(processor);
  return { events, seconds, processorSeconds: (user + system) / 1e6, longestHoldMs: hold.end() };
}

/**
 * Measures how long the event loop is held up, by how late a timer rings. On Linux only the time in which the main
 * thread was running counts: a timer is also late when other processes use the processors.
 */
class HoldWatch {
  private longestMs = 0;
  private last = spentMs();
  private readonly ticker = setInterval(() => this.tick(), tickMs);

  end(): number {
    this.tick();
    clearInterval(this.ticker);
    return this.longestMs;
  }

  private tick(): void {
    const now = spentMs();
    this.longestMs = Math.max(this.longestMs, now - this.last - (onLinux ? 0 : tickMs));
    this.last = now;
  }
}

const onLinux = process.platform === 'linux';
const schedule = `/proc/self/task/${process.pid}/schedstat`;

/** Processor time of the main thread on Linux; elsewhere the time of day. */
function spentMs(): number {
  return onLinux ? Number(readFileSync(schedule, 'latin1').split(' ')[0]) / 1e6 : performance.now();
}
