#!/usr/bin/env node
import { systemClock } from '../core/clock.js';
import { environment } from '../config/config.js';
import { eventferry } from './commandLine.js';
import { exitCodes } from './terminal/exitCodes.js';

/** What is still open when a command is done may keep the process for so long. */
const lingerMs = 500;

/** `eventferry inspect | head` is no failure: the reader has seen enough. */
function endWhenReaderIsGone(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.done);
    throw error;
  });
}

/** The process ends by itself; a request that nobody waits for any more, and nobody answers, must not keep it. */
function endSoon(): void {
  setTimeout(() => {
    if (process.stdout.writableLength === 0) process.exit();
    else endSoon();
  }, lingerMs).unref();
}

endWhenReaderIsGone();
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
