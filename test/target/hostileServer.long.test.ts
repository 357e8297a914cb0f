import { describe, expect, test } from 'vitest';
import { answering } from './answering.js';
import { failureOf, never, openTarget } from './openTarget.js';
import { measured, sampleEvents } from './sampleEvent.js';
import { scriptedServer } from './scriptedServer.js';

const huge = 100 * 1024 * 1024;

test('An append that is answered with a message of 100 MB is of unknown outcome, and the message says so', async () => {
  const { connectionString } = await scriptedServer({
    batchAppend: (call) => void call.on('data', () => call.write(Buffer.alloc(huge))),
  });
  const failure = await failureOf(
    openTarget({ connectionString })
      .open()
      .append('billing', measured(sampleEvents(1)), -1),
  );
  expect(failure).toMatchObject({ kind: 'AppendUncertain', policy: 'resume' });
});

describe('A read that is answered with', () => {
  test('A read that is answered with a message of 100 MB is refused, and not held', async () => {
    const { target } = await answering(Buffer.alloc(huge));
    const failure = await failureOf(target.tail('billing', never));
    expect(failure).toMatchObject({ kind: 'TargetRefused', policy: 'wait' });
    expect(failure.message).toMatch(/larger than|longer/i);
  });
});
