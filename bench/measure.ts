import { performance } from 'node:perf_hooks';

/** What a piece of work took of this process, which has done nothing else meanwhile. */
export interface Measured {
  readonly events: number;
  readonly seconds: number;
  /** User and system time of the whole process, its garbage collector included. */
  readonly processorSeconds: number;
  /** The longest time for which the event loop served nobody else. */
  readonly longestHoldMs: number;
}

const tickMs = 5;

/** @param work returns how many events it has dealt with */
export async function measure(work: () => Promise<number>): Promise<Measured> {
  let longestHoldMs = 0;
  let last = performance.now();
  const tick = (): void => {
    const now = performance.now();
    longestHoldMs = Math.max(longestHoldMs, now - last - tickMs);
    last = now;
  };
  const ticker = setInterval(tick, tickMs);
  const processor = process.cpuUsage();
  const started = performance.now();
  const events = await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(processor);
  if (process.env["SPLIT"]) console.log("user", user / events, "sys", system / events);
  tick();
  clearInterval(ticker);
  return { events, seconds, processorSeconds: (user + system) / 1e6, longestHoldMs };
}
