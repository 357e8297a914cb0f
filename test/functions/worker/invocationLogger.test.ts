import { describe, expect, test } from 'vitest';
import { InvocationLogger, type InvocationLog } from '../../../src/functions/worker/invocationLogger.js';

function invocation() {
  const lines: string[] = [];
  const log: InvocationLog = {
    info: (...line) => lines.push(`info ${line.join()}`),
    warn: (...line) => lines.push(`warn ${line.join()}`),
    error: (...line) => lines.push(`error ${line.join()}`),
  };
  return { lines, log };
}

describe('The log of an invocation', () => {
  test('gets one line an event: its name and its facts as JSON', async () => {
    const { lines, log } = invocation();
    const logger = new InvocationLogger();
    await logger.during(log, () => {
      logger.info('resume', { kind: 'CheckpointMoved', position: 9007199254740993n });
      logger.warn('still-stopped', { since: '2026-01-01T00:00:00.000Z' });
      logger.error('stopped');
      return Promise.resolve();
    });
    expect(lines).toEqual([
      'info resume {"kind":"CheckpointMoved","position":"9007199254740993"}',
      'warn still-stopped {"since":"2026-01-01T00:00:00.000Z"}',
      'error stopped {}',
    ]);
  });

  test('never gets a secret', async () => {
    const { lines, log } = invocation();
    const logger = new InvocationLogger();
    const message = 'cannot reach esdb://admin:changeit@db.example:2113 with AccountKey=abc+def==;';
    await logger.during(log, () => Promise.resolve(logger.error('outage-began', { nested: [{ message }] })));
    expect(lines.join()).toContain('db.example:2113');
    expect(lines.join()).not.toMatch(/changeit|abc\+def/);
  });

  test('gets nothing once the invocation is over, however it ended', async () => {
    const { lines, log } = invocation();
    const logger = new InvocationLogger();
    const failing = logger.during(log, () => Promise.reject(new Error('lost')));
    await expect(failing).rejects.toThrow('lost');
    logger.info('too-late');
    expect(lines).toEqual([]);
  });
});
