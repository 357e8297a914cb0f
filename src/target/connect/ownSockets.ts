import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const owner = new AsyncLocalStorage<OwnSockets>();
/** How many pieces of work are under way that may open a socket. */
let opening = 0;
let watching = false;

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
    watchSockets();
    opening++;
    return owner.run(this, () => work(once(stopOpening)));
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

/** As long as asynchronous contexts are followed, each promise costs more on Node 20. */
function stopOpening(): void {
  opening--;
  if (opening === 0) owner.disable();
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

function watchSockets(): void {
  if (watching) return;
  watching = true;
  subscribe('net.client.socket', (message) => owner.getStore()?.add((message as { readonly socket: Socket }).socket));
}
