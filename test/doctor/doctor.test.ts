import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';

import { isHealthy } from '../../src/doctor/finding.js';
import { embeddedServer, sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry } from '../support/ferry.js';
import { faults } from './faults.js';
import { certificates, examine, shifted, user, world } from './world.js';

const server = sharedEmbeddedServer({ tls: certificates.tls, user });

describe('The doctor finds', () => {
  test.each(faults)('The doctor finds that %s', async (_, plant, [check, verdict, says, next]) => {
    const planted = await world(server());
    await plant(planted);
    const findings = await examine(planted);
    const found = findings.find((finding) => finding.check === check && finding.verdict === verdict);
    expect(found, JSON.stringify(findings, null, 1)).toBeDefined();
    expect(found?.says).toMatch(says);
    expect(found?.next).toMatch(next);
    expect(isHealthy(findings)).toBe(findings.every((one) => one.verdict !== 'wrong'));
    expect(JSON.stringify(findings)).not.toContain(user.password);
  });

  test('The doctor finds that the server takes less in one append than APPEND_BYTES', async () => {
    const small = await embeddedServer({ maxAppendBytes: 65_536 });
    const ferry = await Ferry.open(small);
    const findings = await examine({ ferry, server: small, settings: {}, clock: shifted(0) });
    expect(findings).toContainEqual({
      check: 'appendLimit',
      verdict: 'warning',
      says: 'The server takes 65536 bytes in one append; APPEND_BYTES is 1048576.',
      next: expect.stringMatching(/^Set APPEND_BYTES to 65536/) as string,
    });
  });

  test('The doctor finds that a user and a password are never sent', async () => {
    const plain = await embeddedServer();
    const ferry = await Ferry.open(plain);
    const connection = plain.connectionString.replace('://', '://admin:changeit@');
    const findings = await examine({
      ferry,
      server: plain,
      settings: { EVENTSTORE_CONNECTION_STRING: connection },
      clock: shifted(0),
    });
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: 'agreement',
        verdict: 'warning',
        says: expect.stringMatching(/tls=false/) as string,
      }),
    );
  });
});

describe('The doctor', () => {
  test('The doctor finds nothing wrong where all is well, before and after the first run', async () => {
    const { settings, ...rest } = await world(server());
    for (const run of [false, true]) {
      if (run) await rest.ferry.run(settings);
      const findings = await examine({ settings, ...rest });
      expect(findings.filter(({ verdict }) => verdict === 'wrong' || verdict === 'skipped')).toEqual([]);
    }
  });

  test('The doctor writes nothing: neither to the target nor to the checkpoint, and of the source it only reads', async () => {
    const planted = await world(server());
    const { ferry, settings } = planted;
    await ferry.run(settings);
    const row = await ferry.row(settings);
    const events = server().events(settings['TARGET_STREAM'] ?? '').length;
    const streams = server().streams();
    const calls = callsTo(ferry.container.containerName);
    await examine(planted);
    expect(calls.length).toBeGreaterThan(2);
    expect(calls.filter((call) => !/^(GET|HEAD) /.test(call))).toEqual([]);
    expect(await ferry.row(settings)).toEqual(row);
    expect(server().events(settings['TARGET_STREAM'] ?? '')).toHaveLength(events);
    expect(server().streams()).toEqual(streams);
  });
});

/** Method and query of every call about a container. */
function callsTo(container: string): string[] {
  const calls: string[] = [];
  const note = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const { pathname, search } = new URL(request.path, 'http://localhost');
    if (pathname.split('/')[2] === container) calls.push(`${request.method} ${search || '?'}`);
  };
  subscribe('http.client.request.start', note);
  onTestFinished(() => void unsubscribe('http.client.request.start', note));
  return calls;
}
