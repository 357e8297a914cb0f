import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/**
 * Sockets on which the other side has not said a word.
 *
 * gRPC cannot give up a connection while it is being made: a handshake that a frozen server never answers would keep
 * the process alive for ever, and every further try would leave one more socket behind. Node tells of each client
 * socket on its diagnostics channel, so those to our server can be found and closed.
 */
const watched = new Map<Socket, { readonly port: number; readonly since: number }>();
let watching = false;

/** From now on {@link closeMuteSockets} knows the sockets of this process. */
export function watchSockets(): void {
  if (watching) return;
  watching = true;
  subscribe('net.client.socket', (message) => {
    const { socket } = message as { readonly socket: Socket };
    socket.once('connectionAttempt', (_address: string, port: number) => {
      watched.set(socket, { port, since: performance.now() });
      socket.once('close', () => watched.delete(socket));
    });
  });
}

/** Closes the sockets to these ports that are at least so old and on which nothing was ever received. */
export function closeMuteSockets(ports: ReadonlySet<number>, olderThanMs: number): void {
  for (const [socket, { port, since }] of watched) {
    const old = performance.now() - since >= olderThanMs;
    if (old && ports.has(port) && socket.bytesRead === 0) socket.destroy();
  }
}
