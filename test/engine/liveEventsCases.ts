import { setImmediate as turn } from 'node:timers/promises';

import { expect } from 'vitest';

import { beginning } from '../../src/core/cursor.js';
import { pass } from '../../src/engine/pass.js';
import { preview } from '../../src/engine/preview.js';
import { noStream } from '../../src/target/target.js';
import { LiveEvents, oneFrameParts, repeating } from './liveEvents.js';

const { signal } = new AbortController();
const watch = { advanced: () => Promise.resolve(), ended: () => undefined };
/** An append and what is made for the next one, with room to spare. */
const mostBytes = 4 * 1024 * 1024;

/** Replicates a record of empty messages, and expects that only a few of its events are ever held. */
export async function expectFewHeld(messages: number, attributeBytes: number, everyTurns: number): Promise<void> {
  const live = new LiveEvents();
  const { parts, arrived } = oneFrameParts(repeating(messages, attributeBytes), live);
  await live.lookDuring(() => pass({ cursor: beginning, revision: noStream }, parts, signal, watch), everyTurns);
  expect(arrived.length).toBe(messages);
  expect(arrived.every((index, at) => index === at)).toBe(true);
  expect(live.mostBytes).toBeLessThan(mostBytes);
  expect(live.looks).toBeGreaterThan(3);
}

/** Does a dry run of such a record, and expects that only a few of its events are ever held. */
export async function expectFewHeldByPreview(messages: number, attributeBytes: number): Promise<void> {
  const live = new LiveEvents();
  const { parts } = oneFrameParts(repeating(messages, attributeBytes), live);
  let shown = 0;
  for await (const { event } of preview(parts, signal)) {
    if (event.mark.index !== shown++) throw new Error(`event ${event.mark.index} is not the next one`);
    if (shown % 50 === 0) await turn(); // a weak reference keeps what it refers to until the turn ends
    if (shown % (messages / 4) === 0) live.look();
  }
  expect(shown).toBe(messages);
  expect(live.looks).toBe(4);
  expect(live.mostBytes).toBeLessThan(mostBytes);
}
