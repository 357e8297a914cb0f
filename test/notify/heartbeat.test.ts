import { describe, expect, onTestFinished, test } from 'vitest';

import { Heartbeat } from '../../src/notify/heartbeat.js';
import { RecordingLogger } from '../support/recordingLogger.js';
import { FakeClock } from '../support/fakeClock.js';
import { eventually } from '../support/waits.js';
import { webReceiver } from '../support/services/webReceiver.js';

function open(url: string) {
  const logger = new RecordingLogger();
  const clock = FakeClock.flowing();
  const heartbeat = new Heartbeat({ url, clock, logger, answerWithinMs: 60_000 });
  onTestFinished(() => heartbeat.close());
  return { heartbeat, logger, clock };
}

describe('A heartbeat', () => {
  test('A heartbeat is a GET after each good run', async () => {
    const receiver = await webReceiver();
    const { heartbeat } = open(receiver.url);
    for (let runs = 0; runs < 3; runs += 1) {
      heartbeat.beat();
      await heartbeat.settled();
    }
    expect(receiver.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      [1, 2, 3].map(() => 'GET /s3cret-path'),
    );
  });

  test('A heartbeat comes once a minute while a run goes on', async () => {
    const receiver = await webReceiver();
    const { heartbeat, clock } = open(receiver.url);
    for (let seconds = 0; seconds < 180; seconds += 1) {
      clock.advance(1_000);
      heartbeat.alive();
      await heartbeat.settled();
    }
    expect(receiver.requests).toHaveLength(3);
  });

  test('A heartbeat is not sent again while the last one hangs', async () => {
    const receiver = await webReceiver();
    receiver.answer = 'hang';
    const { heartbeat } = open(receiver.url);
    for (let runs = 0; runs < 5; runs += 1) heartbeat.beat();
    await eventually('the first request', () => expect(receiver.requests).toHaveLength(1));
  });

  test('A heartbeat that fails is reported once until one succeeds, without its address', async () => {
    const receiver = await webReceiver();
    const { heartbeat, logger } = open(receiver.url);
    for (const answer of [500, 500, 200, 302] as const) {
      receiver.answer = answer;
      heartbeat.beat();
      await heartbeat.settled();
    }
    expect(logger.lines.map(({ event, facts }) => [event, facts['reason']])).toEqual([
      ['heartbeat-not-heard', 'HTTP 500'],
      ['heartbeat-not-heard', 'HTTP 302, a redirect'],
    ]);
    expect(JSON.stringify(logger.lines)).not.toContain('s3cret-path');
  });
});
