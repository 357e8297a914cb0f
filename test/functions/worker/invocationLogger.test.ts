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
  test('The log of an invocation gets one line an event: its name and its facts as JSON', async () => {
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

  test('The log of an invocation never gets a secret', async () => {
    const { lines, log } = invocation();
    const logger = new InvocationLogger();
    const message = 'cannot reach esdb://admin:changeit@db.example:2113 with AccountKey=abc+def==;';
    await logger.during(log, () => Promise.resolve(logger.error('outage-began', { nested: [{ message }] })));
    expect(lines.join()).toContain('db.example:2113');
    expect(lines.join()).not.toMatch(/changeit|abc\+def/);
  });

  test('The log of an invocation gets the lines of its own work when two invocations overlap in one worker', async () => {
    const [one, other] = [invocation(), invocation()];
    const logger = new InvocationLogger();
    let end!: () => void;
    const held = new Promise<void>((resolve) => (end = resolve));
    const work = async (name: string): Promise<void> => {
      logger.info(`${name}-began`);
      await held;
      logger.info(`${name}-ended`);
    };
    const both = [logger.during(one.log, () => work('one')), logger.during(other.log, () => work('other'))];
    end();
    await Promise.all(both);
    expect(one.lines).toEqual(['info one-began {}', 'info one-ended {}']);
    expect(other.lines).toEqual(['info other-began {}', 'info other-ended {}']);
  });

  test('The log of an invocation gets the lines of what was begun by an invocation that is over', async () => {
    const [over, next] = [invocation(), invocation()];
    const logger = new InvocationLogger();
    let tell!: () => void;
    const told = new Promise<void>((resolve) => (tell = resolve));
    let kept: Promise<void> | undefined;
    await logger.during(over.log, () =>
      Promise.resolve(void (kept = told.then(() => logger.warn('append-call-lost')))),
    );
    await logger.during(next.log, () => Promise.resolve(tell()).then(() => kept));
    expect([over.lines, next.lines]).toEqual([[], ['warn append-call-lost {}']]);
  });

  test('The log of an invocation gets nothing once the invocation is over, however it ended', async () => {
    const { lines, log } = invocation();
    const logger = new InvocationLogger();
    const failing = logger.during(log, () => Promise.reject(new Error('lost')));
    await expect(failing).rejects.toThrow('lost');
    logger.info('too-late');
    expect(lines).toEqual([]);
  });
});
