#!/usr/bin/env node
import { systemClock } from '../core/clock.js';
import { environment } from '../config/config.js';
import { eventferry } from './commandLine.js';
import { exitCodes } from './terminal/exitCodes.js';

/** Open connections may keep the process alive this long after its command. */
const lingerMs = 500;

/** The process ends by itself, unless a request that nobody waits for any more keeps it: then this ends it. */
function endSoon(): void {
  setTimeout(() => {
    if (process.stdout.writableLength === 0) process.exit();
    else endSoon();
  }, lingerMs).unref();
}

// A closed pipe, as in `eventferry inspect | head`, is no failure: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done);
  throw error;
});
process.exitCode = await eventferry(process.argv.slice(2), {
  env: environment(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  onInterrupt: (callback) => {
    process.on('SIGINT', callback).on('SIGTERM', callback);
    return () => void process.off('SIGINT', callback).off('SIGTERM', callback);
  },
  exit: (code) => process.exit(code),
});
endSoon();
