import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8 from placing records and events among its long-lived objects. V8 does that for the rest of a run once many
 * of them survive its early collections. They are then freed by full collections only, and a backlog takes some 50 MB
 * more. (`--allocation-site-pretenuring`, https://v8.dev/blog/trash-talk.) Only code compiled afterwards is affected.
 */
export function makeObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}
