#!/usr/bin/env node
import { Command } from 'commander';

import { addAccept } from './accept.js';
import { exitCodes, exitCodesHelp } from './exitCodes.js';
import { addDoctor } from './doctor.js';
import { addInspect } from './inspect.js';
import { endWhenReaderIsGone } from './output.js';
import { addQuarantine } from './quarantine.js';
import { addRewind } from './rewind.js';
import { addRun } from './run.js';
import { addStatus } from './status.js';
import { addVerify } from './verify.js';
import { version } from './version.js';

endWhenReaderIsGone();
await program().parseAsync();

function program(): Command {
  const eventferry = new Command('eventferry')
    .description('Replicates a blob-backed event store into EventStoreDB: every event once, in order, byte for byte.')
    .version(version())
    .addHelpText('after', `\nSettings come from the environment; flags win over it.\n${exitCodesHelp}`)
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('Next: --help shows the usage.')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'Error:')) })
    // Help that was asked for is no wrong usage.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage));
  for (const add of [addRun, addStatus, addDoctor, addVerify, addInspect, addQuarantine, addAccept, addRewind])
    add(eventferry);
  return eventferry;
}
