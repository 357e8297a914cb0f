import { jsonEvent } from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import { Ferry, numbered, numberedBodies } from '../support/ferry.js';
import { webReceiver } from '../support/services/webReceiver.js';
import { chunk, soonOver, type StartApp } from './app.js';

const nowhere = 'esdb://127.0.0.1:1?tls=false&maxDiscoverAttempts=1';

/** What the app does when it cannot replicate: wrong settings, an outage, a stop. */
export function appFailureCases(server: () => EventStoreServer, start: StartApp): void {
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
}
