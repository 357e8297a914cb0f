import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { embeddedServer } from '../support/services/embeddedServer.js';
import { FakeClock } from '../support/fakeClock.js';
import { readScenarios, type Scenario } from './eventstoreScenarios.js';
import { replay } from './eventstoreScenariosReplay.js';

const scenarios = readScenarios(new URL('../fixtures/eventstoredb-scenarios.json', import.meta.url));

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
  const clock = new FakeClock(Date.now());
  const dir = scenario.needs?.includes('restart') ? await temporaryFolder() : undefined;
  const server = await embeddedServer({ clock, ...(dir !== undefined && { dir }) });
  return replay(scenario, server, clock);
}

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'eventferry-scenario-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

describe('The embedded server answers as EventStoreDB 23.10.8 did', () => {
  let known: KnownDifference[] = [];

  beforeAll(async () => {
    known = await knownDifferences();
  });

  test.each(scenarios.map((scenario) => [scenario.name, scenario.why, scenario] as const))(
    'The embedded server answers as EventStoreDB 23.10.8 did, in %s: %s',
    async (name, _, scenario) => {
      const found = await replayAlone(scenario);
      const isKnown = known.some((difference) => difference.name === name);
      if (isKnown) expect(found, 'it agrees now: take it off the list').not.toEqual([]);
      else expect(found).toEqual([]);
    },
  );

  test('The embedded server differs from EventStoreDB in at most seven answers, each with what differs and why it does not matter', () => {
    const names = scenarios.map(({ name }) => name);
    expect(scenarios.length - known.length).toBeGreaterThanOrEqual(125);
    for (const { name, differs, why } of known) {
      expect(names).toContain(name);
      expect(differs).not.toBe('');
      expect(why).not.toBe('');
    }
  });
});
