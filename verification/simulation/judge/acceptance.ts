import type { Decision } from '../../../src/engine/decisions.js';
import type { Failure } from '../../../src/core/failure.js';
import { heldTwiceOrMissing } from './oracle.js';
import { RunningProcess, type RunOutcome } from '../runner.js';
import type { World } from '../world/world.js';

/** How many findings may come one after the other. */
const maxDecisions = 20;

/**
 * A person accepts one finding after the other until there is none left. Each decision is made in a process of its own,
 * while `runner` goes on living. Then the stream must hold each event of the source once, in any order.
 *
 * @returns how it ended: `exact`, or a stop that cannot be accepted
 */
export async function acceptAll(
  world: World,
  runner: RunningProcess,
  found: Failure,
  go: (runner: RunningProcess) => Promise<RunOutcome>,
): Promise<string> {
  let failure = found;
  for (let number = 1; number <= maxDecisions; number++) {
    const decision = decisionOn(failure);
    if (!decision) return failure.kind;
    const person = new RunningProcess(world, `person ${number}`, 0);
    const refused = await person.decide(decision);
    person.process.kill();
    world.trace(`person ${number} decides ${JSON.stringify(decision)}: ${refused?.message ?? 'done'}`);
    world.deeds.count(refused ? 'refused' : 'accepted');
    if (refused) return refused.kind;
    const outcome = await go(runner);
    if (outcome.kind === 'ended') {
      for (const wrong of heldTwiceOrMissing(world)) world.ledger.violated(`after all was accepted, ${wrong}`);
      return 'exact';
    }
    if (outcome.kind === 'killed' || outcome.failure.policy !== 'stop') return 'unfinished';
    ({ failure } = outcome);
  }
  world.ledger.violated(`${maxDecisions} decisions led to ${failure.kind}: ${failure.message}`);
  return failure.kind;
}

function decisionOn({ kind, facts }: Failure): Decision | undefined {
  if (kind === 'SettingsChanged') return { kind: 'settings' };
  if (kind === 'TargetLost') return { kind: 'rewind' };
  if (kind === 'TargetConflict') return { kind: 'revision', revision: Number(facts['revision']) };
  const isAboutChunk = kind === 'SourceReordered' || kind === 'SourceForked' || kind === 'SourceGap';
  return isAboutChunk ? { kind: 'chunk', chunk: String(facts['chunk']) } : undefined;
}
