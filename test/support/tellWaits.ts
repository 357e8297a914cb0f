import { afterEach } from 'vitest';
import { takeWaits } from './waits.js';

/** Adds to the failure of a test that ran into its time limit what it was waiting for. */
afterEach(({ task }) => {
  const waits = takeWaits();
  for (const error of task.result?.errors ?? []) {
    if (!error.message.startsWith('Test timed out')) continue;
    error.message += `\nIt was waiting for ${waits.join('; and for ') || 'something that has no name: see `until`'}.`;
  }
});
