import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../../support/fakeClock.js';
import { embeddedServer } from '../../support/services/embeddedServer.js';
import { eventually, until } from '../../support/waits.js';
import { failureOf, openTarget } from '../openTarget.js';
import { measured, sampleEvents } from '../sampleEvent.js';

/** A port whose connections get no answer until they are let through to a server. */
async function silentRoad() {
  const held: Socket[] = [];
  let to: number | undefined;
  const pass = (socket: Socket, port: number): void => {
    const onward = connect(port, '127.0.0.1');
    onTestFinished(() => void onward.destroy());
    onward.on('error', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  };
  const road = createServer((socket) => {
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    if (to === undefined) held.push(socket);
    else pass(socket, to);
  });
  road.listen(0, '127.0.0.1');
  await once(road, 'listening');
  onTestFinished(() => void road.close());
  return {
    connectionString: `esdb://127.0.0.1:${(road.address() as AddressInfo).port}?tls=false`,
    held,
    letThrough: (port: number): void => {
      to = port;
      for (const socket of held) pass(socket, port);
    },
  };
}

describe('Two targets on one server', () => {
  test('Closing one of two targets on one server while both connect leaves the connection of the other open', async () => {
    const server = await embeddedServer();
    const road = await silentRoad();
    const { connectionString, held } = road;
    const closed = openTarget({ connectionString, clock: new FakeClock() });
    const open = openTarget({ connectionString, clock: new FakeClock() });
    const failing = failureOf(closed.open().append('billing', measured(sampleEvents(1)), -1));
    await eventually('the first connection to be taken', () => expect(held).toHaveLength(1));
    const appending = open.open().append('billing', measured(sampleEvents(2)), -1);
    await eventually('the second connection to be taken', () => expect(held).toHaveLength(2));
    await closed.close();
    expect((await until('the append of the closed target to fail', failing)).kind).toBe('AppendUncertain');
    road.letThrough(server.port);
    await until('the other target to append', appending);
    expect(server.lastRevision('billing')).toBe(1);
  });
});
