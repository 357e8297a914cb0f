import type { Command } from 'commander';

import { loadConfig, type Config, type Environment } from '../../config/config.js';
import { asFailure } from '../../core/failure.js';
import type { Replicator } from '../../replicator.js';
import { consoleLogger } from '../../telemetry/consoleLogger.js';
import type { Logger } from '../../core/logger.js';
import { exitCodes, exitCodesHelp, type ExitCode } from '../terminal/exitCodes.js';
import { reportFailure } from '../reports/failureReport.js';
import type { Host } from '../host.js';
import { Output } from '../terminal/output.js';
import { progressDisplay, type ProgressDisplay, type ProgressWords } from '../terminal/progress.js';
import { addSettingsFlags, allSettings, environmentWith } from '../terminal/settingsFlags.js';
import { stopSignals } from '../terminal/stopSignals.js';

export interface CommonFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** What the commands of one command line share. */
export class Commands {
  /** The exit code of the command that was carried out. */
  exitCode: ExitCode = exitCodes.done;
  readonly output: Output;

  constructor(readonly host: Host) {
    this.output = new Output(host);
  }

  /** Does a command's work, keeps its exit code, and reports an error to people. */
  async carryOut(command: Command, work: () => Promise<ExitCode>): Promise<void> {
    try {
      this.exitCode = await work();
    } catch (thrown) {
      this.exitCode = await reportFailure(asFailure(thrown), command.opts<CommonFlags>(), this.output);
    }
  }

  /**
   * Does the same for a command that needs a replicator, which is made from the settings and closed at the end.
   *
   * @param line takes log lines; a progress display passes its own, so that lines do not break it
   */
  withReplicator(
    command: Command,
    work: (replicator: Replicator, config: Config) => Promise<ExitCode>,
    line?: (text: string) => void,
  ): Promise<void> {
    return this.carryOut(command, async () => {
      const { config } = loadConfig(this.environmentOf(command));
      const [{ createReplicator }, { Runtime }] = await composition();
      const { sending, logger } = await commandTelemetry(config, this.logger(command.opts(), line));
      const runtime = new Runtime({ logger, clock: this.host.clock, sending });
      const replicator = createReplicator(config, runtime);
      try {
        return await work(replicator, config);
      } finally {
        await replicator.close();
        runtime.close();
        await sending?.shutdown();
      }
    });
  }

  /**
   * Does the same for a command that may take long: shows its progress, and asks it to stop at the first Ctrl-C.
   *
   * @param stopping what a person is told then
   */
  withProgress(
    command: Command,
    { words, stopping }: { readonly words: ProgressWords; readonly stopping: string },
    work: (replicator: Replicator, config: Config, display: ProgressDisplay, stop: AbortSignal) => Promise<ExitCode>,
  ): Promise<void> {
    const display = progressDisplay(this.host, words);
    const line = (text: string): void => display.line(text);
    return this.withReplicator(
      command,
      async (replicator, config) => {
        const stop = stopSignals(this.host, () => line(`${stopping} Press Ctrl-C again to end now.`));
        try {
          return await work(replicator, config, display, stop.signal);
        } finally {
          display.end();
          stop.release();
        }
      },
      line,
    );
  }

  environmentOf(command: Command): Environment {
    return environmentWith(command, this.host.env);
  }

  /** Logs warnings and errors, and with `--verbose` informational lines too. */
  logger(
    { json = false, verbose }: CommonFlags,
    line: (text: string) => void = (text) => this.output.tell(text),
  ): Logger {
    const logger = consoleLogger({ json, write: (text) => line(text.trimEnd()) });
    return verbose ? logger : { ...logger, info: () => undefined };
  }
}

/** Loaded late: help and settings errors need none of the SDKs, which take most of a second to load. */
export function composition() {
  return Promise.all([import('../../replicator.js'), import('../../runtime.js')]);
}

/** Gives a command what every command has: `--json`, `--verbose`, the flags of its settings, the exit codes. */
export function withCommonFlags(command: Command, settings = allSettings): Command {
  command
    .option('--json', 'print results, and log lines on stderr, as JSON')
    .option('--verbose', 'say more on stderr: informational log lines, stacks of errors')
    .addHelpText('after', exitCodesHelp);
  return addSettingsFlags(command, settings);
}

/** Sends measurements and log lines where the settings say, beside the terminal. */
async function commandTelemetry({ telemetry }: Config, logger: Logger) {
  const { startTelemetry } = await import('../../telemetry/exporters/exporters.js');
  const sending = await startTelemetry(telemetry);
  if (!sending) return { sending, logger };
  const { sendingLogger } = await import('../../telemetry/openTelemetry.js');
  return { sending, logger: sendingLogger(logger, sending) };
}

/** Ends the command because of wrong usage, before it contacts anything. */
export function refuse(command: Command, message: string): never {
  command.error(`Error: ${message}`, { exitCode: exitCodes.wrongUsage });
}

/** Reads a whole number from an argument, at least `from`; refuses anything else. */
export function wholeNumber(command: Command, flag: string, text: string, from: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  return value >= from ? value : refuse(command, `${flag} takes a whole number from ${from} on, not "${text}".`);
}
