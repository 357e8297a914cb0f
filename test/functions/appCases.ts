import { jsonEvent } from '@eventstore/db-client';
import { list } from 'tar';
import { describe, expect, test } from 'vitest';
import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import { storeLines, type ExpectedMessage } from '../convert/storeLines.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { otlpReceiver } from '../support/services/otlpReceiver.js';
import { eventually } from '../support/waits.js';
import { webReceiver } from '../support/services/webReceiver.js';
import type { StartApp } from './app.js';

export const chunk = '00000001-2013-10-15-093000.dat';
const nowhere = 'esdb://127.0.0.1:1?tls=false&maxDiscoverAttempts=1';

/** Runs end when they have caught up, so that an invocation is over soon. */
export const soonOver = { WHEN_CAUGHT_UP: 'exit' };

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

  describe('Wrong settings', () => {
    test('Wrong settings fail the invocation with the whole list, and status answers 503 with it', async () => {
      const host = await start({ RUN_SECONDS: '0', REPLICATION_SCHEDULE: 'hourly' });
      const { ok, error } = await host.replicate();
      expect(ok).toBe(false);
      const { status, body } = await host.status();
      expect(status).toBe(503);
      const wrong = [
        'SOURCE_CONTAINER',
        'EVENTSTORE_CONNECTION_STRING',
        'REPLICATION_SCHEDULE',
        'RUN_SECONDS',
        'SOURCE_STORAGE',
        'CHECKPOINT_STORAGE',
      ];
      const { problems } = body as { problems: string[] };
      expect(problems.map((problem) => problem.split(' ', 1)[0]).sort()).toEqual(wrong.sort());
      for (const problem of problems) expect(error?.message).toContain(problem);
      expect(JSON.parse((await host.dashboard('data')).body)).toMatchObject({ status: { problems }, history: [] });
      expect(host.events('error')).toEqual(['run-failed']);
    });

    test('Wrong settings are named as Key Vault references that were not resolved, if they are such', async () => {
      const ferry = await Ferry.open(server());
      const reference = '@Microsoft.KeyVault(VaultName=ours;SecretName=eventstore)';
      const host = await start(ferry.environment({ EVENTSTORE_CONNECTION_STRING: reference }));
      const { error } = await host.replicate();
      expect(error?.message).toMatch(/EVENTSTORE_CONNECTION_STRING .*Key Vault reference that was not resolved/);
      const { status, text } = await host.status();
      expect(status).toBe(503);
      expect(text).toMatch(/EVENTSTORE_CONNECTION_STRING .*Key Vault reference that was not resolved/);
    });
  });

  describe('An outage', () => {
    test('An outage fails every invocation, is reported once across workers when it begins and ends, and all workers show it', async () => {
      const people = await webReceiver();
      const ferry = await Ferry.open(server(), { ...soonOver, NOTIFY_WEBHOOK_URL: people.url });
      await ferry.write(chunk, numbered(1, 3));
      const unreachable = ferry.environment({ EVENTSTORE_CONNECTION_STRING: nowhere });
      const first = await start(unreachable);
      const second = await start(unreachable);

      const { ok, error } = await first.replicate();
      expect(ok).toBe(false);
      expect(error?.message).toMatch(/^TargetUnreachable: .*127\.0\.0\.1:1.* Check that the server runs/);
      expect(await second.replicate()).toMatchObject({ ok: false });
      expect(first.events('error')).toEqual(['outage-began']);
      expect(second.events('error')).toEqual([]);
      expect(second.events('warning')).toContain('outage-goes-on');

      const elsewhere = await start(ferry.environment());
      const { status, body } = await elsewhere.status();
      expect(status).toBe(503);
      expect(body).toMatchObject({ healthy: false, outage: { tries: 2, failure: { kind: 'TargetUnreachable' } } });

      expect(await elsewhere.replicate()).toMatchObject({ ok: true });
      expect(elsewhere.events('error')).toEqual(['outage-ended']);
      expect(await elsewhere.status()).toMatchObject({ status: 200 });
      expect(ferry.bodies()).toEqual(numberedBodies(1, 3));
      expect(people.requests.map((request) => (JSON.parse(request.body) as { event: string }).event)).toEqual([
        'outage-began',
        'outage-ended',
      ]);
    });

    test("An outage ends its invocation although the webhook hangs, and the webhook's address is in no line", async () => {
      const people = await webReceiver();
      people.answer = 'hang';
      const ferry = await Ferry.open(server(), { ...soonOver, NOTIFY_WEBHOOK_URL: people.url });
      await ferry.write(chunk, numbered(1, 3));
      const host = await start(ferry.environment({ EVENTSTORE_CONNECTION_STRING: nowhere }));
      const { ok, error } = await host.replicate();
      expect(ok).toBe(false);
      expect(people.requests).toHaveLength(1);
      expect((await ferry.row())?.run?.outage).toMatchObject({ notification: 'claimed' });
      const shown = [error?.stack, (await host.status()).text, ...host.lines.map(({ line }) => line)].join('\n');
      expect(shown).not.toContain(new URL(people.url).pathname);
      expect(await host.terminate()).toMatchObject({ code: 0, unanswered: [] });
    });

    test('An outage shows in status before any run has seen it', async () => {
      const ferry = await Ferry.open(server(), soonOver);
      await ferry.write(chunk, numbered(1, 3));
      const host = await start(ferry.environment({ EVENTSTORE_CONNECTION_STRING: nowhere }));
      const { status, body } = await host.status();
      expect(status).toBe(503);
      expect(body).toMatchObject({ target: { error: { kind: 'TargetUnreachable' } }, source: { head: { chunk } } });
    });

    test('An outage at the source fails the invocation, and container and account are named, no secret', async () => {
      const ferry = await Ferry.open(server(), soonOver);
      const host = await start(ferry.environment({ SOURCE_CONTAINER: 'no-such-container' }));
      const { error } = await host.replicate();
      expect(error?.message).toMatch(/^SourceUnreachable: .*no-such-container.*devstoreaccount1/);
      const { status, text } = await host.status();
      expect(status).toBe(503);
      for (const shown of [text, error?.stack, ...host.lines.map(({ line }) => line)]) {
        expect(shown).not.toContain('Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq');
      }
    });
  });

  describe('A stop', () => {
    test('A stop fails every invocation, is reported once across workers, and status shows the remedy', async () => {
      const ferry = await Ferry.open(server(), soonOver);
      await ferry.write(chunk, numbered(1, 3));
      await ferry.client().appendToStream(ferry.stream, jsonEvent({ type: 'Foreign', data: {} }));
      const first = await start(ferry.environment());
      const second = await start(ferry.environment());

      const { ok, error } = await first.replicate();
      expect(ok).toBe(false);
      expect(error?.message).toMatch(/^TargetConflict: .*eventferry accept --revision/);
      expect(await second.replicate()).toMatchObject({ ok: false });
      expect(first.events('error')).toEqual(['stopped']);
      expect(second.events('error')).toEqual([]);
      expect(second.events('warning')).toContain('still-stopped');
      expect(ferry.events()).toHaveLength(1);

      const { status, body } = await second.status();
      expect(status).toBe(503);
      expect(body).toMatchObject({
        healthy: false,
        stop: { failure: { kind: 'TargetConflict', remedy: expect.stringContaining('accept --revision') as string } },
      });
    });
  });

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
export async function caughtUp(ferry: Ferry): Promise<void> {
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
