import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test, onTestFinished } from 'vitest';

import { Road } from '../../verification/soak/road.js';
import { eventually } from '../support/waits.js';

/** One end of a connection, and what it has heard. */
class End {
  heard = '';
  hasEnded = false;
  isGone = false;

  constructor(readonly socket: Socket) {
    onTestFinished(() => void socket.destroy());
    socket.setEncoding('utf8').on('data', (text: string) => (this.heard += text));
    socket.on('end', () => (this.hasEnded = true)).on('close', () => (this.isGone = true));
    socket.on('error', () => undefined);
  }
}

/** A road to a server that says nothing by itself, and a connection over it. */
async function connected(): Promise<{ road: Road; client: End; server: End }> {
  const ends: End[] = [];
  const listener = createServer({ allowHalfOpen: true }, (socket) => ends.push(new End(socket)));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void listener.close());
  const road = await Road.open();
  onTestFinished(() => road.close());
  road.to = (listener.address() as AddressInfo).port;
  const client = clientOf(road);
  const server = await eventually('the connection to arrive', () => ends[0] ?? expect.fail('nobody has come'));
  return { road, client, server };
}

function clientOf(road: Road): End {
  return new End(connect({ port: road.port, host: '127.0.0.1', allowHalfOpen: true }));
}

async function hears(end: End, text: string): Promise<void> {
  await eventually(`one end to hear ${text}`, () => expect(end.heard).toBe(text));
}

test("The soak's road carries bytes both ways, and passes on the end of either", async () => {
  const { client, server } = await connected();
  client.socket.write('asked');
  await hears(server, 'asked');
  client.socket.end();
  await eventually('the end of the client at the server', () => expect(server.hasEnded).toBe(true));
  server.socket.end('answered');
  await hears(client, 'answered');
  await eventually('both ends to be gone', () => expect(client.isGone && server.isGone).toBe(true));
});

test("The soak's road breaks the connections on it when it is cut, and takes new ones", async () => {
  const { road, client, server } = await connected();
  expect(road.cut()).toBe(1);
  await eventually('both ends to be gone', () => expect(client.isGone && server.isGone).toBe(true));
  expect(road.cut()).toBe(0);
  clientOf(road);
  await eventually('the new connection to be cut', () => expect(road.cut()).toBe(1));
});

test("The soak's road takes no connection while it is closed", async () => {
  const { road } = await connected();
  road.closed = true;
  const refused = clientOf(road);
  await eventually('the client to be turned away', () => expect(refused.isGone).toBe(true));
});

test("The soak's road delivers what it held back even when the sender has given up: a late commit", async () => {
  const { road, client, server } = await connected();
  const release = road.hold(['requests']);
  client.socket.write('append');
  server.socket.write('still here');
  await hears(client, 'still here');
  client.socket.destroy();
  await eventually('the client to be gone', () => expect(client.isGone).toBe(true));
  expect(server.heard).toBe('');
  release('deliver');
  await hears(server, 'append');
  await eventually('the end of the client at the server', () => expect(server.hasEnded).toBe(true));
});

test("The soak's road never delivers what it held back when it drops it: a lost answer", async () => {
  const { road, client, server } = await connected();
  const release = road.hold(['answers']);
  server.socket.write('done');
  client.socket.write('more');
  await hears(server, 'more');
  release('drop');
  await eventually('both ends to be gone', () => expect(client.isGone && server.isGone).toBe(true));
  expect(client.heard).toBe('');
});

test("The soak's road ends one side alone when it is half-closed", async () => {
  const { road, client, server } = await connected();
  expect(road.halfClose('client')).toBe(1);
  await eventually('the end of the server at the client', () => expect(client.hasEnded).toBe(true));
  client.socket.write('unaware');
  await hears(server, 'unaware');
  expect(server.hasEnded).toBe(false);
});

test("The soak's road keeps the order of what is late", async () => {
  const { road, client, server } = await connected();
  road.delayMs = 20;
  client.socket.write('one ');
  await eventually('four bytes to be sent', () => expect(client.socket.bytesWritten).toBe(4));
  road.delayMs = 0;
  client.socket.write('two');
  await hears(server, 'one two');
});
