import { checkpointGuards } from './checkpointGuards.js';
import { convertGuards } from './convertGuards.js';
import { engineGuards } from './engineGuards.js';
import type { Guard } from './guard.js';
import { seenGuards } from './seenGuards.js';
import { sourceGuards } from './sourceGuards.js';
import { targetGuards } from './targetGuards.js';

/** Every guard that the promises rest on. */
export const guards: readonly Guard[] = [
  ...sourceGuards,
  ...convertGuards,
  ...targetGuards,
  ...engineGuards,
  ...checkpointGuards,
  ...seenGuards,
];
