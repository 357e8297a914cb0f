import { describe, expect, onTestFinished, test } from 'vitest';

import { systemClock, type Clock } from '../../src/core/clock.js';
import type { Notice } from '../../src/notify/notice.js';
import { Webhook } from '../../src/notify/webhook.js';
import { RecordingLogger } from '../support/recordingLogger.js';
import { FakeClock } from '../support/fakeClock.js';
import { eventually } from '../support/waits.js';
import { webReceiver } from '../support/services/webReceiver.js';

function notice(at: string): Notice {
  return { event: 'stopped', source: 's', stream: 't', at };
}

function open(url: string, { clock = FakeClock.flowing(), answerWithinMs = 60_000 }: OpenOptions = {}) {
  const logger = new RecordingLogger();
  const webhook = new Webhook({ url, clock, logger, answerWithinMs });
  onTestFinished(() => webhook.close());
  return { webhook, logger, clock };
}

interface OpenOptions {
  readonly clock?: Clock;
  readonly answerWithinMs?: number;
}

describe('A webhook', () => {
  test('A webhook gets one POST of JSON for each notice, in their order', async () => {
    const receiver = await webReceiver();
    const { webhook, logger } = open(receiver.url);
    const sent = ['1', '2', '3'].map((at) => webhook.tell(notice(at)));
    expect(await Promise.all(sent)).toEqual([true, true, true]);
    expect(receiver.requests.map(({ method, headers }) => [method, headers['content-type']])).toEqual(
      sent.map(() => ['POST', 'application/json']),
    );
    expect(receiver.requests.map(({ body }) => (JSON.parse(body) as Notice).at)).toEqual(['1', '2', '3']);
    expect(logger.lines).toEqual([]);
  });

  test('A webhook is tried four times while it answers 500, after longer and longer waits, then given up, which is logged', async () => {
    const receiver = await webReceiver();
    receiver.answer = 500;
    const clock = FakeClock.flowing();
    const { webhook, logger } = open(receiver.url, { clock });
    expect(await webhook.tell(notice('1'))).toBe(true);
    expect(receiver.requests).toHaveLength(4);
    expect(clock.slept).toEqual([1_000, 3_000, 9_000]);
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        event: 'notice-not-sent',
        facts: { notice: 'stopped', at: '1', setting: 'NOTIFY_WEBHOOK_URL', reason: 'HTTP 500' },
      },
    ]);
  });

  test('A notice reaches the webhook by the next try once it is back', async () => {
    const receiver = await webReceiver();
    receiver.answer = 503;
    const { webhook, logger } = open(receiver.url, { clock: FakeClock.flowing(() => void (receiver.answer = 200)) });
    expect(await webhook.tell(notice('1'))).toBe(true);
    expect(receiver.requests).toHaveLength(2);
    expect(logger.lines).toEqual([]);
  });

  test.each([
    [404, 'HTTP 404'],
    [302, 'HTTP 302, a redirect'],
  ])('A webhook that answers %i is not tried again', async (status, reason) => {
    const receiver = await webReceiver();
    receiver.answer = status;
    const { webhook, logger } = open(receiver.url);
    await webhook.tell(notice('1'));
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/s3cret-path']);
    expect(logger.lines.map(({ event, facts }) => [event, facts['reason']])).toEqual([['notice-not-sent', reason]]);
  });

  test('A webhook is given up, try by try, while it hangs', async () => {
    const receiver = await webReceiver();
    receiver.answer = 'hang';
    const { webhook, logger } = open(receiver.url, { answerWithinMs: 20 });
    expect(await webhook.tell(notice('1'))).toBe(true);
    expect(logger.lines[0]?.facts).toMatchObject({ reason: 'no answer within 20 ms' });
  });

  test('A webhook where nothing listens throws nothing, and its address is in no line', async () => {
    const { webhook, logger } = open('http://127.0.0.1:1/s3cret-path');
    expect(await webhook.tell(notice('1'))).toBe(true);
    expect(logger.events('warn')).toEqual(['notice-not-sent']);
    expect(JSON.stringify(logger.lines)).not.toContain('s3cret-path');
  });

  test('A webhook holds no more than ten notices', async () => {
    const receiver = await webReceiver();
    receiver.answer = 'hang';
    const { webhook, logger } = open(receiver.url);
    const sent = Array.from({ length: 12 }, (_, index) => webhook.tell(notice(String(index))));
    expect(logger.lines.map(({ facts }) => facts['reason'])).toEqual(['too many are waiting', 'too many are waiting']);
    webhook.close();
    await Promise.all(sent);
  });

  test('A webhook leaves what is not sent when it is closed to the next process', async () => {
    const receiver = await webReceiver();
    receiver.answer = 'hang';
    const { webhook, logger } = open(receiver.url, { clock: systemClock });
    const sent = [webhook.tell(notice('1')), webhook.tell(notice('2'))];
    await eventually('the first request', () => expect(receiver.requests).toHaveLength(1));
    webhook.close();
    expect(await Promise.all(sent)).toEqual([false, false]);
    expect(logger.lines).toEqual([]);
  });
});
