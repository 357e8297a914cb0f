import type { Deployment } from '../deployment.js';

/** What a rule needs to know that is not in the deployment itself. */
export interface Expected {
  readonly roles: readonly string[];
  /** The storage account of a source that this deployment does not make. */
  readonly foreignSource?: string;
  readonly adminPrefix?: string;
  readonly paused: boolean;
  readonly continuous: boolean;
  /** The functions that the app registers. */
  readonly functions: readonly string[];
}

/** Returns what is wrong; an empty list means that the deployment obeys the rule. */
export type Rule = (deployment: Deployment, expected: Expected) => readonly string[];

/** The findings of the claims that do not hold. */
export function unless(...claims: readonly (readonly [holds: boolean, finding: string])[]): string[] {
  return claims.filter(([holds]) => !holds).map(([, finding]) => finding);
}
