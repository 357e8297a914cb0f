import { describe, expect, test } from 'vitest';
import { eventually, until } from '../../support/waits.js';
import { checkRandomSteps, Sender, throughTheRoad } from './requestRoad.js';

describe('The bytes of a request', () => {
  test('The bytes of a request arrive as they were handed over, however late they are copied: a buffer serves again only after its answer', () =>
    checkRandomSteps(8));

  test('The bytes of a request arrive as they were handed over when the connection is made late', async () => {
    const { requests, road, target } = await throughTheRoad();
    road.stall();
    const open = target();
    const sender = new Sender(() => open.open(), 'billing', road);
    for (let count = 0; count < 30; count++) await sender.take({ do: 'send', sizes: [40_000, 1, 40_000] });
    await eventually('the connection to be taken', () => expect(road.taken).toBe(1));
    expect(requests.size).toBe(0);
    await until(
      'everything to arrive and be answered',
      sender.compare(() => requests.get('billing')),
    );
    expect(requests.get('billing')).toHaveLength(30);
    await open.close();
  });
});
