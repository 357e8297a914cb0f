import type { Command } from 'commander';

import { systemClock } from '../clock.js';
import { loadConfig, type Config } from '../config.js';
import { asFailure } from '../errors.js';
import type { Replicator } from '../replicator.js';
import { consoleLogger } from '../telemetry/consoleLogger.js';
import type { Logger } from '../telemetry/logger.js';
import { exitCodes, exitCodesHelp, type ExitCode } from './exitCodes.js';
import { reportFailure } from './failureReport.js';
import { tell } from './output.js';
import { addSettingsFlags, allSettings, environmentWith } from './settingsFlags.js';

/** What is still open when a command is done may keep the process for so long. */
const lingerMs = 500;

/** What every command takes. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Gives a command what every command has: `--json`, `--verbose`, the flags of its settings, the exit codes. */
export function withCommonFlags(command: Command, settings = allSettings): Command {
  command
    .option('--json', 'print results, and log lines on stderr, as JSON')
    .option('--verbose', 'say more on stderr: informational log lines, stacks of errors')
    .addHelpText('after', exitCodesHelp);
  return addSettingsFlags(command, settings);
}

/** Does a command's work and turns what it throws into lines for people. Sets the exit code; the process ends soon. */
export async function carryOut(command: Command, work: () => Promise<ExitCode>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (thrown) {
    process.exitCode = await reportFailure(asFailure(thrown), command.opts<CommonFlags>());
  }
  endSoon();
}

/** The process ends by itself; a request that nobody waits for any more, and nobody answers, must not keep it. */
function endSoon(): void {
  setTimeout(() => {
    if (process.stdout.writableLength === 0) process.exit();
    else endSoon();
  }, lingerMs).unref();
}

/**
 * The same for a command that needs a replicator: it is made from the settings, and closed afterwards.
 *
 * @param line takes log lines; whoever shows progress keeps them out of its way
 */
export function withReplicator(
  command: Command,
  work: (replicator: Replicator, config: Config) => Promise<ExitCode>,
  line: (text: string) => void = tell,
): Promise<void> {
  return carryOut(command, async () => {
    const { config } = loadConfig(environmentWith(command));
    // Help and settings errors need none of the SDKs, which take most of a second to load.
    const { createReplicator } = await import('../replicator.js');
    const { sending, logger } = await commandTelemetry(config, commandLogger(command.opts(), line));
    const replicator = createReplicator(config, logger, systemClock, sending);
    try {
      return await work(replicator, config);
    } finally {
      await replicator.close();
      await sending?.shutdown();
    }
  });
}

/** Where measurements and log lines go beside the terminal, if the settings say so. */
async function commandTelemetry({ telemetry }: Config, logger: Logger) {
  const { startTelemetry } = await import('../telemetry/exporters.js');
  const sending = await startTelemetry(telemetry);
  if (!sending) return { sending, logger };
  const { sendingLogger } = await import('../telemetry/openTelemetry.js');
  return { sending, logger: sendingLogger(logger, sending) };
}

/** Warnings and errors; with `--verbose` what is merely of interest too. */
export function commandLogger({ json = false, verbose }: CommonFlags, line: (text: string) => void = tell): Logger {
  const logger = consoleLogger({ json, write: (text) => line(text.trimEnd()) });
  return verbose ? logger : { ...logger, info: () => undefined };
}

/** Ends the command for wrong usage, before anything is contacted. */
export function refuse(command: Command, message: string): never {
  command.error(`Error: ${message}`, { exitCode: exitCodes.wrongUsage });
}

/** Reads a whole number of an argument, `from` at least; refuses anything else. */
export function wholeNumber(command: Command, flag: string, text: string, from: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  return value >= from ? value : refuse(command, `${flag} takes a whole number from ${from} on, not "${text}".`);
}
