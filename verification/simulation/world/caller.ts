import { EventEmitter } from 'node:events';
import { status } from '@grpc/grpc-js';
import * as rpc from '../../../dev/eventstore/protocol/rpcFailure.js';
import type { EventStoreNode } from './eventStoreNode.js';
import type { Network } from './network.js';
import type { SimulatedProcess } from './simulatedProcess.js';

/** A message on its way to the server. */
interface Sent {
  /** The caller's own buffer, until gRPC has copied it. Here it is copied as late as gRPC may do so. */
  bytes: Buffer;
  copied: boolean;
  gone: boolean;
}

/** How many messages may wait to be sent before the caller is told to wait. */
const roomForMessages = 3;

/**
 * The client's side of one gRPC call. Messages go out in order; answers come when the server gives them. Messages that
 * had left before the call was cancelled or its process died still arrive, perhaps much later.
 */
export class Caller extends EventEmitter {
  private over = false;
  /** The connection or the server's side of the call is gone, but the client has not noticed yet. */
  private broken = false;
  private node: EventStoreNode | undefined;
  private readonly onTheWay: Sent[] = [];
  private arrivesAt = 0;
  private isFull = false;
  private readonly forget: () => void;

  constructor(
    private readonly network: Network,
    private readonly process: SimulatedProcess,
    private readonly onEnd: () => void,
  ) {
    super();
    this.forget = process.whenDead(() => this.abandon());
  }

  appends(node: EventStoreNode): void {
    this.node = node;
  }

  /** Sends one request; its answers follow as `data`, then `end`. */
  reads(node: EventStoreNode, request: Buffer): void {
    const { network, process } = this;
    const { faults, time } = network;
    if (network.dies(process, 'target.read', 'before', false)) return;
    const state = faults.down.get('target');
    if (state === 'silent' || faults.hits('readSilent')) return;
    if (state === 'refused' || faults.hits('readError')) return this.failLater(unavailable());
    if (state === 'denied') return this.failLater(rpc.accessDenied());
    if (faults.hits('notLeader')) return this.failLater(rpc.notLeader({ host: 'other', port: 2113 }));
    time.after(faults.latency(), () => {
      let messages: Buffer[] = [];
      try {
        messages = [...node.read(request)];
      } catch (error) {
        return this.failLater(error as Error);
      }
      if (network.dies(process, 'target.read', 'after', false)) return;
      time.after(faults.latency(), () =>
        process.notice(() => {
          for (const message of messages) if (!this.over) this.emit('data', message);
          if (this.over) return;
          this.end();
          this.emit('end');
        }),
      );
    });
  }

  write(bytes: Buffer): boolean {
    const { network, process, node } = this;
    const { faults, time } = network;
    if (network.dies(process, 'target.append', 'before', true) || this.over || this.broken || !node) return true;
    const sent: Sent = { bytes, copied: false, gone: false };
    this.onTheWay.push(sent);
    this.arrivesAt = Math.max(this.arrivesAt, time.now + faults.latency());
    const breaks = faults.hits('callBroken') ? faults.of('break').pick(['before', 'after'] as const) : undefined;
    time.after(this.arrivesAt - time.now, () => this.arrive(sent, node, breaks));
    this.isFull = this.onTheWay.length >= roomForMessages;
    return !this.isFull;
  }

  cancel(): void {
    if (this.over) return;
    this.end();
    this.loseWhatIsOnTheWay();
    const cancelled = new rpc.RpcFailure(status.CANCELLED, 'Cancelled on client');
    this.network.time.after(this.network.faults.latency(), () =>
      this.process.notice(() => {
        this.copyAll();
        this.emit('error', cancelled);
        this.emit('status', cancelled);
      }),
    );
  }

  /** Ends the call with an error: its connection, or the server's side of it, is gone. */
  fail(error: Error): void {
    this.broken = true;
    this.loseWhatIsOnTheWay();
    this.failLater(error);
  }

  private arrive(sent: Sent, node: EventStoreNode, breaks: 'before' | 'after' | undefined): void {
    if (sent.gone) return;
    this.onTheWay.splice(this.onTheWay.indexOf(sent), 1);
    this.copy(sent);
    const { faults } = this.network;
    const state = faults.down.get('target');
    if (state === 'silent') return;
    if (state === 'refused' || breaks === 'before') return this.fail(unavailable());
    if (state === 'denied') return this.fail(rpc.accessDenied());
    this.letMoreIn();
    node.take(sent.bytes, (answer) => this.answer(answer));
    if (this.process.alive && this.network.dies(this.process, 'target.append', 'after', true)) return;
    if (breaks === 'after') this.fail(unavailable());
  }

  private answer(bytes: Buffer): void {
    this.network.time.after(this.network.faults.latency(), () =>
      this.process.notice(() => {
        if (!this.over) this.emit('data', bytes);
      }),
    );
  }

  private letMoreIn(): void {
    if (!this.isFull || this.onTheWay.length >= roomForMessages) return;
    this.isFull = false;
    this.process.notice(() => this.emit('drain'));
  }

  private failLater(error: Error): void {
    this.network.time.after(this.network.faults.latency(), () =>
      this.process.notice(() => {
        if (this.over) return;
        this.end();
        this.copyAll();
        this.emit('error', error);
        this.emit('status', error);
      }),
    );
  }

  private end(): void {
    this.over = true;
    this.forget();
    this.onEnd();
  }

  private abandon(): void {
    this.end();
    this.copyAll();
    this.loseWhatIsOnTheWay();
  }

  /** The first few messages (how many is drawn) had left and still arrive, perhaps late. The others are lost. */
  private loseWhatIsOnTheWay(): void {
    const { faults, time } = this.network;
    const random = faults.of('loss');
    const left = random.between(0, this.onTheWay.length);
    const lateMs = faults.hits('appendLate') ? random.skewed(100, 30_000) : 0;
    this.onTheWay.forEach((sent, index) => {
      sent.gone = true;
      if (index >= left || !this.node) return;
      const { node } = this;
      time.after(lateMs + random.between(0, 20), () => {
        this.copy(sent);
        if (!faults.down.has('target')) node.take(sent.bytes, () => undefined);
      });
    });
    // These messages still use the caller's buffers until gRPC is done with the call.
    this.dying.push(...this.onTheWay.splice(0));
  }

  private readonly dying: Sent[] = [];

  private copyAll(): void {
    for (const sent of [...this.onTheWay, ...this.dying]) this.copy(sent);
  }

  private copy(sent: Sent): void {
    if (!sent.copied) sent.bytes = Buffer.from(sent.bytes);
    sent.copied = true;
  }
}

function unavailable(): rpc.RpcFailure {
  return new rpc.RpcFailure(status.UNAVAILABLE, 'No connection established. Last error: connect ECONNREFUSED');
}
