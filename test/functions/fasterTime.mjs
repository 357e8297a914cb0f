/**
 * Preloaded into a process: its clock goes `TIMES_FASTER` as fast, and the waits of `node:timers/promises` are as much
 * shorter. Processes that are given the same `FASTER_SINCE` (ms since 1970) agree on what time it is.
 */
import { syncBuiltinESMExports } from 'node:module';
import { performance } from 'node:perf_hooks';
import timers from 'node:timers/promises';

const factor = Number(process.env.TIMES_FASTER);
const since = Number(process.env.FASTER_SINCE);
const [now, delay] = [Date.now, timers.setTimeout];
const elapsed = performance.now.bind(performance);

Date.now = () => Math.round(since + (now() - since) * factor);
performance.now = () => elapsed() * factor;
timers.setTimeout = (ms, ...rest) => delay(ms / factor, ...rest);
syncBuiltinESMExports();
