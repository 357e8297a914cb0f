import { describe, expect, test } from 'vitest';

import type { Commit } from '../../../dev/writer/messageStore.js';
import { shop } from '../../../dev/writer/shop.js';

const commits = take(20_000, 1);

describe('the sample shop', () => {
  test('The sample shop makes the same commits for the same seed and others for another', () => {
    expect(take(300, 7)).toEqual(take(300, 7));
    expect(take(300, 7)).not.toEqual(take(300, 8));
  });

  test('The sample shop makes commands, commits without events, and commits of one to five events', () => {
    const share = (some: (commit: Commit) => boolean) => commits.filter(some).length / commits.length;
    expect(share(({ key }) => key === 'audit')).toBeGreaterThan(0.01);
    expect(share(({ key }) => key === 'audit')).toBeLessThan(0.02);
    for (const count of [0, 1, 2, 3, 4, 5])
      expect(share(({ messages }) => messages.length === count)).toBeGreaterThan(0);
    expect(Math.max(...commits.map(({ messages }) => messages.length))).toBe(5);
  });

  test('The sample shop makes bodies that are JSON, bodies that the formatter broke, and bodies that are no JSON', () => {
    const bodies = commits.flatMap(({ messages }) => messages.map(({ body }) => Buffer.from(body).toString('latin1')));
    const json = bodies.filter((body) => body.startsWith('\r\n{'));
    expect(json.some(isJson)).toBe(true);
    expect(json.some((body) => !isJson(body))).toBe(true);
    expect(bodies.some((body) => body.startsWith('\n\n'))).toBe(true);
    expect(bodies.some((body) => body === '')).toBe(true);
    expect(json.some((body) => /"LoyaltyNumber": 90071992547\d{5}/.test(body))).toBe(true);
  });

  test('The sample shop gives attributes only to audit and func records', () => {
    for (const { key, attributes } of commits) expect(attributes.length > 0).toBe(key === 'audit' || key === 'func');
  });
});

function take(count: number, seed: number): Commit[] {
  const endless = shop(seed);
  return Array.from({ length: count }, () => endless.next().value);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
