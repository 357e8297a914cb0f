import type { Guard } from '../guard.js';
import { changeGuards } from './changeGuards.js';
import { chainGuards } from './chainGuards.js';
import { checkpointGuards } from './checkpointGuards.js';
import { chunkGuards } from './chunkGuards.js';
import { convertGuards } from './convertGuards.js';
import { frameGuards } from './frameGuards.js';
import { resumeGuards } from './resumeGuards.js';
import { runGuards } from './runGuards.js';
import { seenGuards } from './seenGuards.js';
import { targetGuards } from './targetGuards.js';

/** Every guard that the promises rest on. */
export const guards: readonly Guard[] = [
  ...frameGuards,
  ...chunkGuards,
  ...changeGuards,
  ...convertGuards,
  ...targetGuards,
  ...resumeGuards,
  ...chainGuards,
  ...runGuards,
  ...checkpointGuards,
  ...seenGuards,
];
