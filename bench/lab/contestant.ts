import { loadConfig, type Environment } from '../../src/config/config.js';
import { jobOf, tellParent } from '../child.js';
import { ceiling } from '../contestants/ceiling.js';
import { clientLoop, type EventForm } from '../contestants/clientLoop.js';
import { eventferry } from '../contestants/eventferry.js';
import { reading } from '../contestants/reading.js';
import type { Measured } from '../measure.js';

/** The contestant: which program replicates. */
export type Who =
  | { readonly kind: 'eventferry' }
  | { readonly kind: 'ceiling' }
  /** Reads and sends nothing. */
  | { readonly kind: 'reading' }
  | { readonly kind: 'clientLoop'; readonly form: EventForm; readonly batch: number; readonly limit: number };

/** A contestant's job: first a small store to warm up, then the store that is measured. */
export interface Contest {
  readonly who: Who;
  readonly warmUp: Environment;
  readonly measured: Environment;
}

function replicate(who: Who, environment: Environment): Promise<Measured> {
  const { config } = loadConfig(environment);
  switch (who.kind) {
    case 'eventferry':
      return eventferry(config);
    case 'ceiling':
      return ceiling(config);
    case 'reading':
      return reading(config);
    case 'clientLoop':
      return clientLoop(config, who.form, who.batch, who.limit);
  }
}

const { who, warmUp, measured } = jobOf<Contest>();
await replicate(who.kind === 'clientLoop' ? { ...who, limit: Math.ceil(who.limit / 4) } : who, warmUp);
tellParent(await replicate(who, measured));
