import { faultNames, type FaultRates, type Service } from './faults.js';
import { Random } from './random.js';
import type { OnDamage } from '../judge/sourceTruth.js';
import { settingsNames, type SettingsName } from './settings.js';
import type { Variant } from '../world/tapeFrames.js';

/** A deed and its moment. `at` is in ms from the beginning. */
export type Action = { readonly at: number } & Deed;

export type Deed =
  | { readonly kind: 'write'; readonly count: number; readonly everyMs: number }
  | { readonly kind: 'restartWriter' }
  | { readonly kind: 'overwrite'; readonly inFlight: boolean }
  | { readonly kind: 'phantom'; readonly lateMs: number }
  | { readonly kind: 'tear'; readonly restAfterMs?: number }
  | { readonly kind: 'secondWriter'; readonly count: number; readonly everyMs: number }
  | { readonly kind: 'truncatingReader'; readonly afterMs: number }
  | { readonly kind: 'disorder'; readonly fewer: number }
  | { readonly kind: 'growOlder'; readonly back: number; readonly times: number; readonly everyMs: number }
  | { readonly kind: 'damage' }
  | { readonly kind: 'kill'; readonly runner: number }
  | { readonly kind: 'freeze'; readonly runner: number; readonly ms: number }
  | { readonly kind: 'clockJump'; readonly runner: number; readonly ms: number }
  | {
      readonly kind: 'outage';
      readonly service: Service;
      readonly how: 'silent' | 'refused' | 'denied';
      readonly ms: number;
    }
  | { readonly kind: 'breakConnections' }
  | { readonly kind: 'restoreTarget'; readonly back: number }
  | { readonly kind: 'loseTarget' }
  | { readonly kind: 'replaceServer' }
  | { readonly kind: 'softDelete' }
  | { readonly kind: 'tombstone' }
  | { readonly kind: 'foreignEvent' }
  | { readonly kind: 'deleteRow' }
  | { readonly kind: 'restoreRow'; readonly back: number }
  | { readonly kind: 'changeSettings'; readonly to: SettingsName }
  | { readonly kind: 'acceptSettings' };

/** How a runner works: it follows without an end, or a timer starts runs with a budget. */
export interface RunnerPlan {
  /** Counted from 0; does not change when other runners are left out. */
  readonly number: number;
  readonly mode: 'follow' | 'timer';
  readonly startsAtMs: number;
  /** For `timer`: its budget and interval. For `follow`: the wait between tries in an outage. */
  readonly periodMs: number;
  readonly idlePollMs: number;
  readonly aheadMs: number;
}

/** Everything that is drawn before a schedule begins. What is drawn later comes from the same seed. */
export interface Schedule {
  readonly seed: number;
  readonly activeMs: number;
  readonly runners: readonly RunnerPlan[];
  readonly rates: FaultRates;
  readonly actions: readonly Action[];
  readonly chunkBytes: number;
  readonly pageNames: number;
  readonly naming: 'before' | 'first';
  readonly basePrefix: number;
  readonly firstVariant: Variant;
  /** How many records there are at the beginning. If `copied`, their chunks come one by one from another container. */
  readonly backlog: number;
  readonly copied: boolean;
  readonly onDamage: OnDamage;
  readonly settleSeconds: number;
  readonly listAllSeconds: number;
  readonly readRecords: number;
  /** The interval at which a pass saves the row. */
  readonly saveEveryMs: number;
  readonly minRangeBytes: number;
  readonly appendBytes: number;
  readonly serverAppendBytes: number;
  /** The size of the large bodies that some records have. */
  readonly largeBodyBytes: number;
}

/** The schedule of a seed. */
export function drawSchedule(seed: number): Schedule {
  const random = new Random(`seed ${seed}`);
  const steady = drawSteadyWriting(random.fork('steady'));
  const shortMs = random.skewed(2_000, 60_000);
  const activeMs = steady ? steady.count * steady.everyMs : shortMs;
  const wide = random.chance(0.04);
  const onDamage: OnDamage = wide
    ? random.pick(['skip', 'salvage'])
    : random.chance(0.85)
      ? 'stop'
      : random.pick(['skip', 'salvage']);
  const appendBytes = random.chance(0.6) ? 1024 * 1024 : random.between(2_500, 12_000);
  const copied = random.chance(0.06);
  const runners = drawRunners(random.fork('runners'), activeMs);
  return {
    seed,
    activeMs,
    runners,
    rates: drawRates(random.fork('rates')),
    actions: [...(steady ? [steady] : []), ...drawActions(random.fork('actions'), activeMs, runners.length)],
    chunkBytes: 512 * random.pick([4, 6, 8, 16]),
    pageNames: random.pick([1, 2, 3, 5, 100]),
    naming: random.pick(['before', 'first']),
    basePrefix: wide ? 99_999_980 + random.between(0, 18) : 0,
    firstVariant: random.chance(0.9) ? 'varint' : 'int32',
    backlog: random.chance(0.3) ? 0 : random.between(1, 25),
    copied,
    onDamage,
    settleSeconds: random.pick([0, 2, 10, 60]),
    listAllSeconds: random.pick([5, 30, 300]),
    minRangeBytes: random.pick([512, 1024, 65_536]),
    saveEveryMs: random.pick([0, 200, 5_000]),
    readRecords: random.pick([1, 2, 3, 5, 10, 10_000]),
    appendBytes,
    serverAppendBytes: random.chance(0.8)
      ? appendBytes
      : Math.max(2_500, Math.floor(appendBytes / random.between(2, 5))),
    largeBodyBytes: random.pick([50, 400, 900]),
  };
}

function drawRunners(random: Random, activeMs: number): RunnerPlan[] {
  const count = random.pick([1, 1, 1, 2, 2, 3]);
  return Array.from({ length: count }, (_, index) => ({
    number: index,
    mode: random.pick(['follow', 'timer'] as const),
    startsAtMs: index === 0 ? 0 : random.between(0, Math.floor(activeMs / 2)),
    periodMs: random.skewed(5_000, 60_000),
    idlePollMs: random.skewed(200, 5_000),
    aheadMs: random.chance(0.5) ? 0 : random.between(-90_000, 90_000),
  }));
}

function drawRates(random: Random): FaultRates {
  if (random.chance(0.1)) return {};
  const rates: Partial<Record<(typeof faultNames)[number], number>> = {};
  for (const name of faultNames) if (random.chance(0.35)) rates[name] = random.skewed(5, 250) / 1000;
  for (const name of ['crashBefore', 'crashAfter'] as const) if (rates[name]) rates[name] /= 4;
  if (rates.overtaken) rates.overtaken = random.skewed(50, 900) / 1000;
  return rates;
}

/** Some schedules have a writer that writes steadily for minutes. */
function drawSteadyWriting(random: Random): ({ readonly at: 0 } & Extract<Deed, { kind: 'write' }>) | undefined {
  if (!random.chance(0.02)) return undefined;
  const everyMs = random.skewed(1_000, 10_000);
  return { at: 0, kind: 'write', everyMs, count: Math.ceil(random.between(90_000, 400_000) / everyMs) };
}

function drawActions(random: Random, activeMs: number, runners: number): Action[] {
  const actions: Action[] = [];
  const at = (): number => random.between(0, activeMs);
  for (let writes = random.between(1, 6); writes > 0; writes--) {
    actions.push({ at: at(), kind: 'write', count: random.skewed(1, 15), everyMs: random.skewed(1, 2_000) });
  }
  for (let deeds = random.pick([0, 1, 1, 2, 3, 4]); deeds > 0; deeds--)
    actions.push({ at: at(), ...harmless(random, activeMs, runners) });
  if (random.chance(0.45)) actions.push({ at: at(), ...misdeed(random) });
  if (random.chance(0.1)) actions.push({ at: at(), ...misdeed(random) });
  actions.push(...drawChangesOfSettings(random.fork('settings'), at));
  return actions.sort((one, other) => one.at - other.at);
}

/** In some schedules a person changes the settings again and again, and accepts that, now and then at a wrong moment. */
function drawChangesOfSettings(random: Random, at: () => number): Action[] {
  if (!random.chance(0.04)) return [];
  return Array.from({ length: random.between(1, 4) }, (): Action[] => [
    { at: at(), kind: 'changeSettings', to: random.pick(settingsNames) },
    { at: at(), kind: 'acceptSettings' },
    { at: at(), kind: 'kill', runner: 0 },
  ]).flat();
}

/** Draws a deed after which the target must become exact again. */
function harmless(random: Random, activeMs: number, runners: number): Deed {
  const runner = random.between(0, runners - 1);
  const deeds: (() => Deed)[] = [
    () => ({ kind: 'restartWriter' }),
    () => ({ kind: 'kill', runner }),
    () => ({ kind: 'kill', runner }),
    () => ({ kind: 'freeze', runner, ms: random.skewed(100, activeMs) }),
    () => ({ kind: 'freeze', runner, ms: random.skewed(100, activeMs) }),
    () => ({ kind: 'clockJump', runner, ms: random.between(-600_000, 600_000) }),
    () => ({
      kind: 'outage',
      service: random.pick(['source', 'table', 'target']),
      how: random.pick(['silent', 'refused', 'denied']),
      ms: random.skewed(500, 60_000),
    }),
    () => ({ kind: 'breakConnections' }),
    () => ({ kind: 'phantom', lateMs: 0 }),
    () => ({ kind: 'tear' }),
    () => ({ kind: 'truncatingReader', afterMs: 0 }),
    () => ({ kind: 'restoreTarget', back: random.between(1, 20) }),
  ];
  return random.pick(deeds)();
}

/** Draws a deed that may or must lead to a stop. */
function misdeed(random: Random): Deed {
  const deeds: (() => Deed)[] = [
    () => ({ kind: 'overwrite', inFlight: random.chance(0.5) }),
    () => ({ kind: 'phantom', lateMs: random.skewed(10, 20_000) }),
    () => ({ kind: 'tear', restAfterMs: random.skewed(10, 90_000) }),
    () => ({ kind: 'secondWriter', count: random.between(1, 10), everyMs: random.skewed(5, 2_000) }),
    () => ({ kind: 'truncatingReader', afterMs: random.skewed(10, 5_000) }),
    () => ({ kind: 'disorder', fewer: random.between(1, 8) }),
    () => ({
      kind: 'growOlder',
      back: random.between(1, 3),
      times: random.pick([1, 1, 5]),
      everyMs: random.skewed(100, 30_000),
    }),
    () => ({ kind: 'damage' }),
    () => ({ kind: 'loseTarget' }),
    () => ({ kind: 'replaceServer' }),
    () => ({ kind: 'softDelete' }),
    () => ({ kind: 'tombstone' }),
    () => ({ kind: 'foreignEvent' }),
    () => ({ kind: 'deleteRow' }),
    () => ({ kind: 'restoreRow', back: random.between(1, 10) }),
    () => ({ kind: 'changeSettings', to: random.pick(settingsNames) }),
  ];
  return random.pick(deeds)();
}
