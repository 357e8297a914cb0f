import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { otlpReceiver } from '../support/services/otlpReceiver.js';
import { eventually } from '../support/waits.js';
import { chunk, soonOver } from './app.js';
import { appCases } from './appCases.js';
import { AppInProcess } from './appInProcess.js';
import { entryFiles, FunctionsHost } from './functionsHost.js';

const server = sharedEmbeddedServer();

describe('The built function app, as the host loads it', () => {
  test('The built function app has entry files only for its functions', () => {
    const names = entryFiles().map((file) => file.split(/[\\/]/).at(-1));
    expect(names.sort()).toEqual(['dashboard.js', 'replicate.js', 'status.js']);
  });

  test('The built function app replicates, shows its status and its page, sends its telemetry, and ends when it is told to', async () => {
    const collector = await otlpReceiver();
    const ferry = await Ferry.open(server(), soonOver);
    await ferry.write(chunk, numbered(1, 3));
    const host = await FunctionsHost.start(
      ferry.environment({
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        REPLICATION_SCHEDULE: '*/20 * * * * *',
      }),
    );
    expect(host.trigger('replicate')).toMatchObject({ schedule: '*/20 * * * * *' });
    expect([...host.hooks].sort()).toEqual(['appTerminate', 'appTerminate', 'log', 'postInvocation']);
    expect(await host.replicate()).toMatchObject({ ok: true });
    expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
    expect(await host.status()).toMatchObject({ status: 200, body: { healthy: true } });
    expect(await host.dashboard()).toMatchObject({
      status: 200,
      body: expect.stringMatching(/^<!doctype html>/) as string,
    });
    expect(collector.spans.map(({ name }) => name)).toContain('run');
    expect(await host.terminate()).toEqual({ code: 0, unanswered: [], stderr: '' });
    expect(host.lines.filter(({ category }) => category === 'system')).toEqual([]);
  });
});

describe('In one process:', () => {
  appCases(server, AppInProcess.start);
});

describe('A worker that is told to go', () => {
  test('A worker that is told to go closes the connections after 2.5 s when the server does not answer an append, and the run ends', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    const app = await AppInProcess.start(ferry.environment());
    const { faults } = server();
    faults.onWrite = () => 'loseAnswer';
    const before = faults.writes;
    const run = app.replicate();
    await eventually('an append under way', () => expect(faults.writes).toBeGreaterThan(before));
    const going = app.terminate();
    await app.limits.pass(2_500);
    expect(await going).toMatchObject({ unanswered: [] });
    expect(await run).toMatchObject({ ok: true });
  });
});
