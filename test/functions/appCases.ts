import { list } from 'tar';
import { describe, expect, test } from 'vitest';
import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import { storeLines, type ExpectedMessage } from '../convert/storeLines.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { otlpReceiver } from '../support/services/otlpReceiver.js';
import { eventually } from '../support/waits.js';
import { chunk, soonOver, type StartApp } from './app.js';
import { appFailureCases } from './appFailureCases.js';

/** What the app does, wherever its workers run. */
export function appCases(server: () => EventStoreServer, start: StartApp): void {
  describe('A tick of the timer', () => {
    test('A tick of the timer replicates what the original code wrote, byte for byte, and status answers 200', async () => {
      const ferry = await Ferry.open(server(), { ...soonOver, BODY_MODE: 'raw' });
      await upload('v3-multi-json-crlf', ferry);
      const host = await start(ferry.environment());

      expect(await host.replicate()).toMatchObject({ ok: true });

      const expected = await storeLines<ExpectedMessage>('v3-multi-json-crlf', 'expected.ndjson');
      expect(ferry.events().map(({ type, data }) => [type, data.toString('base64')])).toEqual(
        expected.map(({ contract, body }) => [contract, body]),
      );
      const { status, body, headers } = await host.status();
      expect(status).toBe(200);
      expect(headers['cache-control']).toBe('no-store');
      expect(body).toMatchObject({
        healthy: true,
        problems: [],
        source: { head: { chunk: '00000354-2013-10-16-145236.dat' } },
        target: { stream: ferry.stream, revision: expected.length - 1, position: 450 },
        checkpoint: { confirmedPosition: 450, confirmedRevision: expected.length - 1 },
        lag: { bytes: 0, events: 0, seconds: 0 },
      });
    });

    test('A tick of the timer has the doctor check everything beside the worker’s first run, and all workers show what was found', async () => {
      const ferry = await Ferry.open(server(), soonOver);
      await ferry.write(chunk, numbered(1, 3));
      const host = await start(ferry.environment());
      await host.replicate();
      await host.replicate();
      expect(host.facts('examined')).toEqual([
        { warnings: expect.arrayContaining([expect.stringMatching(/^Stream name: /)]) as string[] },
      ]);
      const elsewhere = await start(ferry.environment());
      const { body } = await elsewhere.status();
      expect(body).toMatchObject({ examination: { wrong: [], warnings: host.facts('examined')[0]?.['warnings'] } });
    });

    test('A tick of the timer goes on where the last one ended, in the same worker and in another', async () => {
      const ferry = await Ferry.open(server(), soonOver);
      const first = await start(ferry.environment());
      await ferry.write(chunk, numbered(1, 3));
      await first.replicate();
      await ferry.write(chunk, numbered(1, 5));
      await first.replicate();
      const second = await start(ferry.environment());
      await ferry.write(chunk, numbered(1, 9));
      expect(await second.replicate()).toMatchObject({ ok: true });
      expect(ferry.bodies()).toEqual(numberedBodies(1, 9));
    });

    test('A tick of the timer leaves the work to a run that is under way', async () => {
      const ferry = await Ferry.open(server());
      await ferry.write(chunk, numbered(1, 3));
      const host = await start(ferry.environment());
      const run = host.replicate();
      expect(await host.replicate()).toMatchObject({ ok: true });
      expect(host.events('information')).toContain('run-under-way');
      await host.terminate();
      expect(await run).toMatchObject({ ok: true });
    });

    test('A tick of the timer writes nothing to its log once it is over', async () => {
      const ferry = await Ferry.open(server(), soonOver);
      await ferry.write(chunk, numbered(1, 3));
      const host = await start(ferry.environment());
      await host.replicate();
      await host.replicate();
      await host.terminate();
      expect(host.events('information')).toContain('run-ended');
      expect(host.lines.filter(({ category }) => category === 'system')).toEqual([]);
    });
  });

  describe('The status page', () => {
    test('The status page of the function app is one page without data, which asks beside its own address for all it shows', async () => {
      const ferry = await Ferry.open(server(), soonOver);
      await ferry.write(chunk, numbered(1, 3));
      const runner = await start(ferry.environment());
      await runner.replicate();
      const elsewhere = await start(ferry.environment());
      const page = await elsewhere.dashboard();
      expect(page).toMatchObject({ status: 200, body: expect.stringMatching(/^<!doctype html>/) as string });
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(page.body).not.toContain(ferry.stream);
      const data = JSON.parse((await elsewhere.dashboard('data')).body) as Record<string, unknown>;
      expect(data).toMatchObject({
        status: { healthy: true, target: { stream: ferry.stream }, recentRuns: [{ end: 'caught-up', events: 3 }] },
        history: [{ well: true }],
      });
      expect((await elsewhere.dashboard('elsewhere')).status).toBe(404);
    });

    test('The status page of the function app shows that a run which waits in another worker is alive', async () => {
      const ferry = await Ferry.open(server());
      await ferry.write(chunk, numbered(1, 3));
      const runner = await start(ferry.environment());
      const elsewhere = await start(ferry.environment());
      const run = runner.replicate();
      await caughtUp(ferry);
      const { body } = await elsewhere.status();
      expect(body).toMatchObject({ healthy: true, staleSeconds: 0, run: { caughtUpAt: expect.any(String) as string } });
      expect((body as { run: object }).run).not.toHaveProperty('endedAt');
      await runner.terminate();
      await run;
    });
  });

  describe('Telemetry of an invocation', () => {
    test('Telemetry of an invocation belongs to the host’s request, and is sent before the invocation ends', async () => {
      const collector = await otlpReceiver();
      const ferry = await Ferry.open(server(), soonOver);
      await ferry.write(chunk, numbered(1, 3));
      const host = await start(ferry.environment({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }));
      expect(await host.replicate()).toMatchObject({ ok: true });

      const request = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentId: '00f067aa0ba902b7' };
      expect(collector.spans).toContainEqual(expect.objectContaining({ name: 'run', ...request }));
      expect(collector.metrics.map(({ name }) => name)).toContain('eventferry.events.appended');
      expect(collector.logs.map(({ body }) => body)).toEqual(
        expect.arrayContaining(['run-ended', 'examined']) as string[],
      );
      expect(host.events('information')).toContain('run-ended');
    });

    test('Telemetry of an invocation is sent although the end of the worker cuts the run short', async () => {
      const collector = await otlpReceiver();
      const ferry = await Ferry.open(server());
      await ferry.write(chunk, numbered(1, 3));
      const host = await start(ferry.environment({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }));
      const run = host.replicate();
      await caughtUp(ferry);
      await host.terminate();
      await run;
      const ended = collector.logs.find(({ body }) => body === 'run-ended');
      expect(ended?.attributes).toMatchObject({ end: 'stop-requested' });
    });
  });

  appFailureCases(server, start);

  describe('A worker that is told to go', () => {
    test('A worker that is told to go ends the run under way as a success, with everything that was read remembered', async () => {
      const ferry = await Ferry.open(server());
      await ferry.write(chunk, numbered(1, 3));
      const host = await start(ferry.environment());
      const run = host.replicate();
      await caughtUp(ferry);
      expect(await host.terminate()).toEqual({ code: 0, unanswered: [], stderr: '' });
      expect(await run).toMatchObject({ ok: true });
      expect(host.facts('run-ended')).toEqual([expect.objectContaining({ end: 'stop-requested', revision: 2 })]);
      expect(await ferry.row()).toMatchObject({ confirmed: { revision: 2 } });
    });
  });
}

/** Waits until a run says in the row that it is at the source's head. */
async function caughtUp(ferry: Ferry): Promise<void> {
  await eventually('a run at the head of its source', async () =>
    expect((await ferry.row())?.run?.caughtUpAt).toBeDefined(),
  );
}

/** Uploads the chunks of a fixture store. */
async function upload(store: string, { container }: Ferry): Promise<void> {
  const uploads: Promise<unknown>[] = [];
  await list({
    file: new URL(`../fixtures/stores/${store}.tar.gz`, import.meta.url).pathname,
    filter: (path) => path.startsWith(`${store}/data/`) && !path.endsWith('/'),
    onReadEntry: (entry) => {
      const parts: Buffer[] = [];
      entry.on('data', (part: Buffer) => parts.push(part));
      entry.on('end', () => {
        const bytes = Buffer.concat(parts);
        const name = entry.path.slice(`${store}/data/`.length);
        uploads.push(container.getBlockBlobClient(name).upload(bytes, bytes.length));
      });
    },
  });
  await Promise.all(uploads);
}
