import { test } from 'vitest';
import { checkRandomSteps } from './requestRoad.js';

test('The bytes of a request arrive as they were handed over in 60 random runs on a road that stalls', () =>
  checkRandomSteps(60));
