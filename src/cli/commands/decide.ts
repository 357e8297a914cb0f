import type { Command } from 'commander';

import type { Decision, DecisionPlan } from '../../engine/decisions.js';
import { Failure } from '../../core/failure.js';
import type { Replicator } from '../../replicator.js';
import { refuse, type Commands, type CommonFlags } from './command.js';
import { canAsk, confirm } from '../terminal/confirm.js';
import { exitCodes } from '../terminal/exitCodes.js';

export interface DecisionFlags extends CommonFlags {
  readonly yes?: boolean;
}

/** A run may write the row at the same time. The decision is then made again, at most this often. */
const maxTries = 5;

/** Says what a decision will do, asks for confirmation unless `--yes` is given, and carries it out. */
export function decide(commands: Commands, command: Command, decision: Decision, flags: DecisionFlags): Promise<void> {
  const { host, output } = commands;
  if (!flags.yes && !canAsk(host)) refuse(command, 'There is no terminal to ask on. Add --yes to confirm.');
  return commands.withReplicator(command, async (replicator) => {
    const { signal } = new AbortController();
    const plan = await replicator.decide(decision, signal);
    if (!flags.json) await output.print(plan.says);
    const applied = flags.yes === true || (await confirm(flags.json ? `${plan.says} Go on?` : 'Go on?', host));
    if (applied) await apply(plan, () => replicator.decide(decision, signal));
    if (flags.json) await output.printJson({ decision, says: plan.says, applied });
    else output.tell(applied ? 'Done. The next run continues this way.' : 'Nothing was changed.');
    return applied ? exitCodes.done : exitCodes.failed;
  });
}

async function apply(plan: DecisionPlan, again: () => ReturnType<Replicator['decide']>): Promise<void> {
  let current = plan;
  for (let tries = 1; ; tries += 1) {
    try {
      return await current.apply();
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'CheckpointMoved' || tries === maxTries) throw error;
    }
    current = await again();
    if (current.says !== plan.says) {
      throw new Failure(
        'NotApplicable',
        `The situation changed in the meantime, so nothing was written. The decision would now be: ${current.says}`,
      );
    }
  }
}
