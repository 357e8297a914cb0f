import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const owner = new AsyncLocalStorage<OwnSockets>();
/** The pieces of work under way that may open a socket. */
const underWay = new Set<symbol>();

subscribe('net.client.socket', (message) => owner.getStore()?.add((message as { readonly socket: Socket }).socket));

/**
 * The sockets that gRPC opens on behalf of one connection.
 *
 * gRPC cannot give up a connection while it is being made: a handshake that a frozen server never answers would keep
 * the process alive for ever, and each further try would leave one more socket open. Node tells of each client socket
 * on its diagnostics channel, in the asynchronous context of the call that needs it, so a connection finds those that
 * were opened for it and closes them, and none of another connection.
 */
export class OwnSockets {
  private readonly sockets = new Set<Socket>();

  /** Begins work; the sockets that are opened because of it before it calls `end` are owned by this. */
  open<T>(work: (end: () => void) => T): T {
    const piece = Symbol();
    underWay.add(piece);
    const end = (): void => {
      underWay.delete(piece);
      // As long as asynchronous contexts are followed, each promise costs more on Node 20.
      if (underWay.size === 0) owner.disable();
    };
    return owner.run(this, () => work(end));
  }

  /** Closes those on which the other side has not said a word. */
  closeMute(): void {
    for (const socket of this.sockets) if (socket.bytesRead === 0) socket.destroy();
  }

  /** A socket was opened. */
  add(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }
}
