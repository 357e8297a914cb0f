import { Argument, type Command } from 'commander';

import type { Decision } from '../../engine/decisions.js';
import { refuse, wholeNumber, withCommonFlags, type Commands } from './command.js';
import { decide, type DecisionFlags } from './decide.js';

interface AcceptFlags extends DecisionFlags {
  readonly revision?: string;
  readonly chunk?: string;
}

/** `eventferry accept`: a person accepts what a run stopped for. */
export function addAccept(program: Command, commands: Commands): void {
  const command = program
    .command('accept')
    .summary('accept what a run stopped for, so that the next run continues')
    .description(
      'Accepts what a run stopped for, so that the next run continues. Says what it will do and asks first. ' +
        'Writes the checkpoint row and nothing else.',
    )
    .addArgument(new Argument('[settings]', 'the changed settings (SettingsChanged)').choices(['settings']))
    .option('--revision <N>', 'the foreign event at the end of the stream (TargetConflict)')
    .option('--chunk <NAME>', 'a late chunk or a gap (SourceReordered, SourceForked, SourceGap)')
    .option('--yes', 'do not ask');
  withCommonFlags(command).action((settings: string | undefined, flags: AcceptFlags) => {
    const decisions: Decision[] = [
      ...(settings === undefined ? [] : [{ kind: 'settings' } as const]),
      ...(flags.revision === undefined
        ? []
        : [{ kind: 'revision', revision: wholeNumber(command, '--revision', flags.revision, 0) } as const]),
      ...(flags.chunk === undefined ? [] : [{ kind: 'chunk', chunk: flags.chunk } as const]),
    ];
    const [decision, another] = decisions;
    if (!decision || another) refuse(command, 'Specify exactly one of: settings, --revision N, --chunk NAME.');
    return decide(commands, command, decision, flags);
  });
}
