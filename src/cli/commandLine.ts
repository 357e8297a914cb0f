import { Command, CommanderError } from 'commander';

import { addAccept } from './commands/accept.js';
import { Commands } from './commands/command.js';
import { addDoctor } from './commands/doctor.js';
import { exitCodes, exitCodesHelp, type ExitCode } from './terminal/exitCodes.js';
import { printable } from '../core/text.js';
import type { Host } from './host.js';
import { addInspect } from './commands/inspect.js';
import { addQuarantine } from './commands/quarantine.js';
import { addRewind } from './commands/rewind.js';
import { addRun } from './commands/run.js';
import { addStatus } from './commands/status.js';
import { addVerify } from './commands/verify.js';
import { version } from './version.js';

/**
 * Carries out a command line: `eventferry(['run', '--follow'], host)`. Errors go to the host's stderr.
 *
 * @param args the words after the program's name
 * @returns the exit code of the process
 */
export async function eventferry(args: readonly string[], host: Host): Promise<ExitCode> {
  const commands = new Commands(host);
  try {
    await programOf(commands).parseAsync(args, { from: 'user' });
    return commands.exitCode;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    // `--help` ends in an error of the library, but is no wrong usage.
    return thrown.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
  }
}

function programOf(commands: Commands): Command {
  const { stdout, stderr } = commands.host;
  const program = new Command('eventferry')
    .description('Replicates a blob-backed event store into EventStoreDB: every event once, in order, byte for byte.')
    .version(version())
    .addHelpText('after', `\nSettings come from the environment; flags win over it.\n${exitCodesHelp}`)
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('Next: --help shows the usage.')
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? helpColumns,
      getErrHelpWidth: () => stderr.columns ?? helpColumns,
      outputError: (text, write) => write(text.replace(/^error:/, 'Error:').replaceAll(/[^\n]+/g, printable)),
    })
    .exitOverride();
  for (const add of [addRun, addStatus, addDoctor, addVerify, addInspect, addQuarantine, addAccept, addRewind]) {
    add(program, commands);
  }
  return program;
}

/** The width of the help where stdout is no terminal. */
const helpColumns = 80;
