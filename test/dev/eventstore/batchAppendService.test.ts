import { randomUUID } from 'node:crypto';
import { Client, credentials, Metadata, status, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { describe, expect, test, onTestFinished } from 'vitest';
import type { EventStoreServer } from '../../../dev/eventstore/eventStoreServer.js';
import { streamsMessages } from '../../../dev/eventstore/protocol/protocol.js';
import { batchAppendForm } from '../../contracts/eventstoreScenariosAnswers.js';
import { batchAppendRequest, labelsOf, type Form } from '../../contracts/eventstoreScenariosMessages.js';
import { embeddedServer, sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { eventually } from '../../support/waits.js';

const shared = sharedEmbeddedServer();
const labels = labelsOf({});
const asIs = (bytes: Buffer): Buffer => bytes;

class OpenCall {
  readonly answers: Form[] = [];
  end: Form | undefined;
  private readonly call: ClientDuplexStream<Buffer, Buffer>;

  constructor(server: EventStoreServer) {
    const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const path = '/event_store.client.streams.Streams/BatchAppend';
    this.call = client.makeBidiStreamRequest(path, asIs, asIs, new Metadata());
    this.call.on('data', (bytes: Buffer) => {
      const answer = streamsMessages.BatchAppendResp.deserializeBinary(bytes);
      this.answers.push(batchAppendForm(answer, labels, (code) => status[code] ?? String(code)));
    });
    this.call.on('error', () => undefined);
    this.call.on(
      'status',
      ({ code, metadata }: StatusObject) => (this.end = { code: status[code], ...metadata.getMap() }),
    );
    onTestFinished(() => {
      this.call.cancel();
      client.close();
    });
  }

  /** Sends one append of one event; returns its correlation id. */
  send(
    stream: string,
    expected: number | 'noStream' | 'any',
    options: { correlationForm?: string; type?: string; bytes?: number } = {},
  ): string {
    const correlation = randomUUID();
    const { correlationForm, type = 'T', bytes = 1 } = options;
    const event = { id: randomUUID(), type, contentType: 'application/json', data: { byte: 97, length: bytes } };
    const form = { correlation, correlationForm, options: { stream, expected }, events: [event], final: true };
    this.write(form);
    return correlation;
  }

  write(form: Form): void {
    this.call.write(batchAppendRequest(form, labels, Date.now()));
  }

  async answered(count: number): Promise<Form[]> {
    await eventually(`${count} answers`, () => expect(this.answers.length).toBeGreaterThanOrEqual(count));
    return this.answers;
  }

  async ended(): Promise<Form | undefined> {
    await eventually('the end of the call', () => expect(this.end).toBeDefined());
    return this.end;
  }
}

describe('a BatchAppend call', () => {
  test("The embedded server's BatchAppend call takes a chain of five hundred appends in flight, in order", async () => {
    const call = new OpenCall(shared());
    for (let n = 0; n < 500; n++) call.send('chain', n === 0 ? 'noStream' : n - 1);
    const answers = await call.answered(500);
    expect(answers.map(({ success }) => (success as Form)['currentRevision'])).toEqual(answers.map((_, n) => n));
  });

  test("An append fails in the embedded server's BatchAppend call when one before it did, so that no hole is left", async () => {
    const call = new OpenCall(shared());
    call.send('broken', 'noStream');
    call.send('broken', 7);
    call.send('broken', 1);
    const answers = await call.answered(3);
    expect(answers.filter(({ success }) => success)).toHaveLength(1);
    expect(shared().lastRevision('broken')).toBe(0);
  });

  test("The embedded server's BatchAppend call answers in the form of the request's correlation id", async () => {
    const call = new OpenCall(shared());
    const correlation = call.send('forms', 'any', { correlationForm: 'structured' });
    expect(await call.answered(1)).toMatchObject([{ correlation, correlationForm: 'structured' }]);
  });

  test("The embedded server's BatchAppend call answers twice to an event that it refuses: at once, and when the time for the rest of the append is over", async () => {
    const call = new OpenCall(await embeddedServer({ writeTimeoutMs: 30 }));
    call.send('refused', 'any', { type: '' });
    const errors = (await call.answered(2)).map(({ error }) => (error as Form)['message']);
    expect(errors).toEqual(['BadRequest', 'Timeout']);
  });

  test("The embedded server's BatchAppend call ends at a message that is too large for it, and the writes before it stay", async () => {
    const call = new OpenCall(shared());
    call.send('large', 'noStream');
    await call.answered(1);
    call.send('large', 0, { bytes: 16_767_216 });
    expect(await call.ended()).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    expect(shared().lastRevision('large')).toBe(0);
  });

  test("The embedded server's BatchAppend call refuses one event over the limit of a later server, and names it", async () => {
    const call = new OpenCall(await embeddedServer({ maxEventBytes: 10 }));
    call.send('event-size', 'any', { bytes: 10 });
    call.send('event-size', 'any', { bytes: 11 });
    const errors = (await call.answered(2)).flatMap(({ error }) => (error ? [(error as Form)['message']] : []));
    expect(errors).toEqual(['MaximumAppendEventSizeExceeded']);
  });

  test("The embedded server's BatchAppend call answers in reverse when replies are to be reordered", async () => {
    const call = new OpenCall(shared());
    shared().faults.reorderReplies = true;
    const sent = ['noStream', 0, 1].map((expected) => call.send('reordered', expected as number | 'noStream'));
    expect((await call.answered(3)).map(({ correlation }) => correlation)).toEqual(sent.reverse());
  });

  test("The embedded server's BatchAppend call is ended politely when asked to, with nothing lost of what was answered", async () => {
    const call = new OpenCall(shared());
    call.send('polite', 'noStream');
    await call.answered(1);
    shared().faults.endBatchAppendCalls();
    expect(await call.ended()).toMatchObject({ code: 'OK' });
  });

  test("The embedded server's BatchAppend call fails with not-leader when another node leads", async () => {
    const call = new OpenCall(shared());
    call.send('leader', 'noStream');
    await call.answered(1);
    shared().faults.leader = { host: 'other', port: 2113 };
    call.send('leader', 0);
    expect(await call.ended()).toMatchObject({
      code: 'NOT_FOUND',
      exception: 'not-leader',
      'leader-endpoint-host': 'other',
      'leader-endpoint-port': '2113',
    });
  });

  test("The embedded server's BatchAppend call says it is not ready without a code, as EventStoreDB does inside a call", async () => {
    const call = new OpenCall(shared());
    shared().faults.next('notReady');
    call.send('busy', 'noStream');
    expect(await call.answered(1)).toMatchObject([{ error: { code: 0, message: 'Server Is Not Ready' } }]);
    expect(shared().lastRevision('busy')).toBe(-1);
  });

  test("The embedded server's BatchAppend call drops a repeat of a write that is still held, and answers it once that is committed", async () => {
    const server = await embeddedServer({ writeTimeoutMs: 30 });
    const call = new OpenCall(server);
    const release = server.faults.holdCommits();
    const id = randomUUID();
    const event = { id, type: 'T', contentType: 'application/json' };
    const send = () => {
      const form = {
        correlation: randomUUID(),
        options: { stream: 's', expected: 'noStream' },
        events: [event],
        final: true,
      };
      call.write(form);
    };
    send();
    send();
    expect(await call.answered(2)).toMatchObject([
      { error: { message: 'Timeout' } },
      { error: { message: 'Timeout' } },
    ]);
    release();
    await eventually('the write', () => expect(server.lastRevision('s')).toBe(0));
    send();
    expect((await call.answered(3))[2]).toMatchObject({ success: { currentRevision: 0 } });
  });
});
