import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';
import { eventually } from '../support/waits.js';
import { chunk } from './app.js';
import { appCases } from './appCases.js';
import { FunctionsHost } from './functionsHost.js';

const server = sharedEmbeddedServer();

describe('In processes of their own, from the built app:', () => {
  appCases(server, (settings) => FunctionsHost.start(settings));
});

describe('The built function app, as the host loads it', () => {
  test.each([
    ['without any settings', {}],
    ['although the settings are wrong', { RUN_SECONDS: '0', REPLICATION_SCHEDULE: 'hourly' }],
  ])(
    'The built function app lists a timer that does not fire at start and endpoints that ask for a key, %s',
    async (_, settings) => {
      const host = await FunctionsHost.start(settings);
      expect(host.functions.map(({ name }) => name).sort()).toEqual(['dashboard', 'replicate', 'status']);
      expect(host.trigger('replicate')).toMatchObject({
        type: 'timerTrigger',
        schedule: '0 * * * * *',
        runOnStartup: false,
      });
      for (const name of ['status', 'dashboard']) {
        expect(host.trigger(name)).toMatchObject({ type: 'httpTrigger', methods: ['GET'], authLevel: 'function' });
      }
      expect(host.hooks).toEqual(['appTerminate']);
      expect(await host.terminate()).toEqual({ code: 0, unanswered: [], stderr: '' });
    },
  );

  test('The built function app ends before the host kills it although the server does not answer an append', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    const host = await FunctionsHost.start(ferry.environment());
    const { faults } = server();
    faults.onWrite = () => 'loseAnswer';
    const before = faults.writes;
    const run = host.replicate();
    await eventually('an append under way', () => expect(faults.writes).toBeGreaterThan(before));
    expect(await host.terminate()).toEqual({ code: 0, unanswered: [], stderr: '' });
    expect(await run).toMatchObject({ ok: true });
  });
});
