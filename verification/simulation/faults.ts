import { Counter } from './counts.js';
import type { Random } from './random.js';

/** What can go wrong with a call or a message, each drawn for each of them with its own probability. */
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

/** The faults of one schedule. From some moment on there are none any more. */
export class Faults {
  quiet = false;
  /** Each fault that was drawn. */
  readonly drawn = new Counter();
  /** Services that nobody can reach now; `denied`: they answer, but refuse. */
  readonly down = new Map<Service, 'silent' | 'refused' | 'denied'>();
  private readonly random: Map<string, Random>;

  constructor(
    private readonly rates: FaultRates,
    private readonly seed: Random,
  ) {
    this.random = new Map();
  }

  /** Whether this fault happens now. */
  hits(name: FaultName): boolean {
    const rate = this.rates[name] ?? 0;
    const isHit = !this.quiet && rate > 0 && this.of(name).chance(rate);
    if (isHit) this.drawn.count(name);
    return isHit;
  }

  /** How long a message is on its way, in ms. */
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
