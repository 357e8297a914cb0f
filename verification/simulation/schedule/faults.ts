import { Counter } from '../counts.js';
import type { Random } from './random.js';

/** What can go wrong with a call or a message. For each of them each fault is drawn with its own probability. */
export const faultNames = [
  'crashBefore',
  'crashAfter',
  'slow',
  'blobError',
  'blobCut',
  'blobMix',
  'listLag',
  'tableError',
  'tableLost',
  'tableLate',
  'tableTwice',
  'readError',
  'readSilent',
  'notLeader',
  'dialError',
  'appendLost',
  'appendLate',
  'appendRefused',
  'answerLost',
  'callBroken',
  'slowCommit',
  'overtaken',
] as const;

export type FaultName = (typeof faultNames)[number];

export type FaultRates = Readonly<Partial<Record<FaultName, number>>>;

/** Draws the faults of one schedule. Once it is `quiet` there are no more faults. */
export class Faults {
  quiet = false;
  /** How often each fault was drawn. */
  readonly drawn = new Counter();
  /** The services that are down now: they cannot be reached or, if `denied`, refuse every call. */
  readonly down = new Map<Service, 'silent' | 'refused' | 'denied'>();
  private readonly random: Map<string, Random>;

  constructor(
    private readonly rates: FaultRates,
    private readonly seed: Random,
  ) {
    this.random = new Map();
  }

  /** Draws whether this fault happens now. */
  hits(name: FaultName): boolean {
    const rate = this.rates[name] ?? 0;
    const isHit = !this.quiet && rate > 0 && this.of(name).chance(rate);
    if (isHit) this.drawn.count(name);
    return isHit;
  }

  /** Draws how long a message is on its way, in ms. */
  latency(): number {
    const random = this.of('latency');
    return this.hits('slow') ? random.skewed(500, 20_000) : random.between(1, 20);
  }

  /** The numbers drawn for one purpose. */
  of(purpose: string): Random {
    let random = this.random.get(purpose);
    if (!random) this.random.set(purpose, (random = this.seed.fork(purpose)));
    return random;
  }
}

export type Service = 'source' | 'table' | 'target';
