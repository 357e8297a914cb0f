import type { Command } from 'commander';

import { withCommonFlags, type Commands } from './command.js';
import { decide, type DecisionFlags } from './decide.js';

/** `eventferry rewind`: replicates again from the beginning, into a target stream that was lost. */
export function addRewind(program: Command, commands: Commands): void {
  const command = program
    .command('rewind')
    .summary('replicate again from the beginning into a stream that was lost')
    .description(
      'For a target stream that does not exist any more (TargetLost): the next run starts from the first record. ' +
        'Refuses when the stream is there or was soft-deleted. Says what it will do and asks first.',
    )
    .option('--yes', 'do not ask');
  withCommonFlags(command).action((flags: DecisionFlags) => decide(commands, command, { kind: 'rewind' }, flags));
}
