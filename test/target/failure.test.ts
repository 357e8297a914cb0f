import { createServer, type Server } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Failure } from '../../src/core/failure.js';
import { embeddedServer } from '../support/services/embeddedServer.js';
import { makeCertificates } from './certificates.js';
import { failureOf, never, openTarget } from './openTarget.js';
import { measured, sampleEvents } from './sampleEvent.js';
import { scriptedServer } from './scriptedServer.js';

const certificates = makeCertificates('127.0.0.1');
const user = { name: 'ferry', password: 'open sesame' };
const userInfo = `${user.name}:${encodeURIComponent(user.password)}`;

function withUser(connectionString: string, info = userInfo): string {
  return connectionString.replace('://', `://${info}@`);
}

/** Listens on a free port for the running test. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function expectNoSecret(failure: Failure): void {
  const everything = inspect(failure, { depth: 12, showHidden: true });
  const basic = Buffer.from(`${user.name}:${user.password}`).toString('base64');
  for (const secret of [user.password, encodeURIComponent(user.password), basic])
    expect(everything).not.toContain(secret);
}

describe('TLS with an authority of our own', () => {
  test('TLS with an authority of our own works when we trust it, with the right password', async () => {
    const server = await embeddedServer({ tls: certificates.tls, user });
    const target = openTarget({ connectionString: withUser(server.connectionString), tlsCa: certificates.ca });
    expect(await target.open().append('billing', measured(sampleEvents(2)), -1)).toBe(1);
    expect(await target.tail('billing', never)).toMatchObject({ kind: 'event', event: { revision: 1 } });
  });

  test.each([
    ['one node', (text: string) => text],
    ['a cluster', (text: string) => text.replace('esdb:', 'esdb+discover:')],
  ])('TLS with an authority of our own is refused for %s when we do not trust it', async (_, change) => {
    const server = await embeddedServer({ tls: certificates.tls, user });
    const target = openTarget({
      connectionString: change(withUser(`${server.connectionString}&maxDiscoverAttempts=1`)),
    });
    const failure = await failureOf(target.tail('billing', never));
    expect(failure).toMatchObject({ kind: 'TargetTlsRefused', policy: 'wait' });
    expect(failure.message).toMatch(/TLS with EventStoreDB at 127\.0\.0\.1:\d+ was refused: .*certificate/);
    expectNoSecret(failure);
  });

  test('TLS with an authority of our own is refused when the certificate names another host', async () => {
    const other = makeCertificates('elsewhere.example');
    const server = await embeddedServer({ tls: other.tls });
    const target = openTarget({ connectionString: server.connectionString, tlsCa: other.ca });
    const failure = await failureOf(target.tail('billing', never));
    expect(failure.kind).toBe('TargetTlsRefused');
    expect(failure.message).toContain('does not match');
  });

  test('TLS is refused by a server that has none', async () => {
    const server = await embeddedServer();
    const target = openTarget({ connectionString: server.connectionString.replace('tls=false', 'tls=true') });
    const failure = await failureOf(target.tail('billing', never));
    expect(failure.kind).toBe('TargetTlsRefused');
  });

  test('A server that insists on TLS is unreachable without it, and the message says what to look at', async () => {
    const server = await embeddedServer({ tls: certificates.tls });
    const target = openTarget({ connectionString: server.connectionString.replace('tls=true', 'tls=false') });
    const failure = await failureOf(target.tail('billing', never));
    expect(failure.kind).toBe('TargetUnreachable');
    expect(failure.message).toContain('tls=false');
  });
});

describe('A wrong password', () => {
  test('A wrong password is denied access, for tail and append alike', async () => {
    const server = await embeddedServer({ tls: certificates.tls, user });
    const connectionString = withUser(server.connectionString, `ferry:${encodeURIComponent('open barley')}`);
    const target = openTarget({ connectionString, tlsCa: certificates.ca });
    for (const attempt of [
      target.tail('billing', never),
      target.open().append('billing', measured(sampleEvents(1)), -1),
    ]) {
      const failure = await failureOf(attempt);
      expect(failure).toMatchObject({ kind: 'TargetAccessDenied', policy: 'wait' });
      expect(failure.message).toContain('wrong user or password');
      expect(failure.message).not.toContain('barley');
    }
  });

  test('A wrong password is told apart from none at all by what the connection string says', async () => {
    const server = await embeddedServer({ user });
    const target = openTarget({ connectionString: withUser(server.connectionString) });
    const failure = await failureOf(target.tail('billing', never));
    expect(failure.kind).toBe('TargetAccessDenied');
    expect(failure.message).toContain('tls=false, so no user and password were sent');
    expectNoSecret(failure);
  });
});

describe('A cluster', () => {
  test.each([
    ['esdb+discover', (seed: number) => `127.0.0.1:${seed}`],
    ['kurrentdb', (seed: number, dead: number) => `127.0.0.1:${dead},127.0.0.1:${seed}`],
  ])('A cluster is asked for its leader (%s)', async (scheme, seeds) => {
    const leader = await embeddedServer();
    const seed = await scriptedServer({ gossip: { leader: leader.port } });
    const target = openTarget({ connectionString: `${scheme}://${seeds(seed.port, await freePort())}?tls=false` });
    expect(await target.open().append('billing', measured(sampleEvents(1)), -1)).toBe(0);
    expect(leader.lastRevision('billing')).toBe(0);
  });

  test('A cluster is asked again after the leader is gone', async () => {
    const [one, other] = [await embeddedServer(), await embeddedServer()];
    const gossip = { leader: one.port };
    const seed = await scriptedServer({ gossip });
    const target = openTarget({ connectionString: `esdb+discover://127.0.0.1:${seed.port}?tls=false` });
    const call = target.open();
    await call.append('billing', measured(sampleEvents(1)), -1);
    gossip.leader = other.port;
    await one.stop();
    expect((await failureOf(call.append('billing', measured(sampleEvents(1)), 0))).kind).toBe('AppendUncertain');
    expect(await target.open().append('billing', measured(sampleEvents(3)), -1)).toBe(2);
    expect(other.lastRevision('billing')).toBe(2);
  });
});

describe('A server that cannot be reached', () => {
  test.each([
    ['esdb://', '?tls=false'],
    ['esdb://', ''],
    ['kurrentdb+discover://', '?tls=false&maxDiscoverAttempts=1'],
  ])('A server that cannot be reached is named with what went wrong (%s%s)', async (scheme, query) => {
    const port = await freePort();
    const target = openTarget({ connectionString: `${scheme}${userInfo}@127.0.0.1:${port}${query}` });
    for (const attempt of [
      target.tail('billing', never),
      target.open().append('billing', measured(sampleEvents(1)), -1),
    ]) {
      const failure = await failureOf(attempt);
      expect(failure).toMatchObject({ kind: 'TargetUnreachable', policy: 'wait' });
      expect(failure.message).toContain(`127.0.0.1:${port} is unreachable`);
      expect(failure.message).toContain('ECONNREFUSED');
      expectNoSecret(failure);
    }
  });

  test('A server is unreachable too when something else listens at its address', async () => {
    const port = await listening(
      createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 No\r\n\r\n')),
    );
    const target = openTarget({ connectionString: `esdb://127.0.0.1:${port}?tls=false` });
    expect((await failureOf(target.tail('billing', never))).kind).toBe('TargetUnreachable');
  });

  test('A server is reached again when it is back', async () => {
    const server = await embeddedServer();
    const target = openTarget({ connectionString: server.connectionString });
    await target.open().append('billing', measured(sampleEvents(1)), -1);
    await server.stop();
    expect((await failureOf(target.tail('billing', never))).kind).toBe('TargetUnreachable');
    await server.start();
    expect((await target.tail('billing', never)).kind).toBe('event');
  });

  test('A server is reached over a new connection, without a failure, when only the one that we had is gone', async () => {
    const server = await embeddedServer();
    const target = openTarget({ connectionString: server.connectionString });
    await target.open().append('billing', measured(sampleEvents(1)), -1);
    await server.stop();
    await server.start();
    expect((await target.tail('billing', never)).kind).toBe('event');
  });
});

describe('A server that answers but refuses', () => {
  test('A server that is not ready is an outage with its words', async () => {
    const server = await embeddedServer();
    server.faults.refuse = true;
    const target = openTarget({ connectionString: server.connectionString });
    const failure = await failureOf(target.tail('billing', never));
    expect(failure).toMatchObject({ kind: 'TargetRefused', policy: 'wait' });
    expect(failure.message).toContain('Server Is Not Ready');
  });
});
