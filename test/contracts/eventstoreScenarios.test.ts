import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEventStore } from '../../dev/eventstore/eventStoreServer.js';
import { readScenarios, type Scenario } from './eventstoreScenarios.js';
import { replay } from './eventstoreScenariosReplay.js';

const scenarios = readScenarios(new URL('../fixtures/eventstoredb-scenarios.json', import.meta.url));

/** Nearly all of a replay is waiting, so many of them run at once. */
const AT_ONCE = 24;

interface KnownDifference {
  readonly name: string;
  readonly differs: string;
  readonly why: string;
}

/** What the embedded server's README admits to: the JSON block of its section "Differences". */
async function knownDifferences(): Promise<KnownDifference[]> {
  const readme = await readFile(new URL('../../dev/eventstore/README.md', import.meta.url), 'utf8');
  const [, json = ''] = /## Differences[^]*?```json\n([^]*?)```/.exec(readme) ?? [];
  return JSON.parse(json) as KnownDifference[];
}

async function replayAlone(scenario: Scenario): Promise<string[]> {
  const dir = scenario.needs?.includes('restart')
    ? await mkdtemp(path.join(os.tmpdir(), 'eventferry-scenario-'))
    : undefined;
  const server = await startEventStore(dir === undefined ? {} : { dir });
  try {
    return await replay(scenario, server);
  } finally {
    await server.stop();
    if (dir !== undefined) await rm(dir, { recursive: true });
  }
}

describe('the embedded server answers as EventStoreDB 23.10.8 did', () => {
  const found = new Map<string, string[]>();
  let known: KnownDifference[] = [];

  beforeAll(async () => {
    known = await knownDifferences();
    const waiting = [...scenarios];
    const worker = async (): Promise<void> => {
      for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) {
        found.set(scenario.name, await replayAlone(scenario));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  });

  test.each(scenarios.map(({ name, why }) => [name, why]))('%s: %s', (name) => {
    const isKnown = known.some((difference) => difference.name === name);
    if (isKnown) expect(found.get(name), 'it agrees now: take it off the list').not.toEqual([]);
    else expect(found.get(name)).toEqual([]);
  });

  test('admits to no more than seven differences, each with what differs and why it does not matter', () => {
    const names = scenarios.map(({ name }) => name);
    expect(scenarios.length - known.length).toBeGreaterThanOrEqual(125);
    for (const { name, differs, why } of known) {
      expect(names).toContain(name);
      expect(differs).not.toBe('');
      expect(why).not.toBe('');
    }
  });
});
