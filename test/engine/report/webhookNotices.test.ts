import { describe, expect, test } from 'vitest';
import { MemoryCheckpointStore } from '../../support/stores/memoryCheckpoint.js';
import { FakeClock } from '../../support/fakeClock.js';
import { eventually } from '../../support/waits.js';
import { corrupt, invocation, openWebhook, unreachable } from './noticesInvocation.js';

describe('people elsewhere', () => {
  test('People elsewhere get one POST when an outage begins, one when it ends and one for a stop, across processes', async () => {
    const { webhook, receiver, events } = await openWebhook();
    const store = new MemoryCheckpointStore();
    for (let processes = 0; processes < 3; processes += 1) {
      const { notices } = await invocation(store, { webhook });
      await notices.failed(unreachable);
      await notices.settled(60_000);
    }
    for (let processes = 0; processes < 2; processes += 1) {
      const { notices } = await invocation(store, { webhook });
      await notices.good();
      await notices.settled(60_000);
    }
    for (let processes = 0; processes < 2; processes += 1) {
      const { notices } = await invocation(store, { webhook });
      await notices.stopped(corrupt);
      await notices.settled(60_000);
    }
    expect(events()).toEqual(['outage-began', 'outage-ended', 'stopped']);
    expect(store.stored?.row.run).toMatchObject({ stop: { notification: 'sent' } });
    expect(JSON.parse(receiver.requests[1]?.body ?? '')).toMatchObject({
      source: 's',
      stream: 't',
      failure: { kind: 'TargetUnreachable' },
    });
  });

  test('A webhook that hangs holds nothing up: its notice is claimed in the row until it has arrived', async () => {
    const { webhook, receiver, events } = await openWebhook();
    receiver.answer = 'hang';
    const store = new MemoryCheckpointStore();
    const { notices } = await invocation(store, { webhook });
    await notices.failed(unreachable);
    await eventually('the beginning to be posted', () => expect(events()).toEqual(['outage-began']));
    await notices.settled(10);
    expect(store.stored?.row.run?.outage).toMatchObject({ notification: 'claimed' });
    await notices.failed(unreachable);
    await notices.good();
    expect(store.stored?.row.run?.outage).toMatchObject({ endedAt: expect.any(String) as string });
    webhook.close();
    await notices.settled(60_000);
    expect(events()).toEqual(['outage-began']);
    expect(store.stored?.row.run?.outage).toMatchObject({ notification: 'claimed' }); // left to the next process
  });

  test('People elsewhere get from the next process what this one could not send before it ended', async () => {
    const store = new MemoryCheckpointStore();
    const clock = FakeClock.flowing();
    const hanging = await openWebhook();
    hanging.receiver.answer = 'hang';
    const ends = await invocation(store, { webhook: hanging.webhook, clock });
    await ends.notices.failed(unreachable);
    await eventually('the beginning to be posted', () => expect(hanging.events()).toEqual(['outage-began']));
    await ends.notices.close();
    clock.advance(60_000);
    const { webhook, events } = await openWebhook();
    const next = await invocation(store, { webhook, clock });
    await next.notices.failed(unreachable);
    await next.notices.settled(60_000);
    expect(events()).toEqual(['outage-began']);
    expect(store.stored?.row.run?.outage).toMatchObject({ tries: 2, notification: 'sent' });
  });
});
