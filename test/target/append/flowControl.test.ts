import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Channel, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/core/clock.js';
import { beginning } from '../../../src/core/cursor.js';
import { Pipeline } from '../../../src/engine/append/pipeline.js';
import { AppendLimit } from '../../../src/target/append/limit.js';
import { BatchAppendCall, BufferPool } from '../../../src/target/append/batchAppend.js';
import { Connection } from '../../../src/target/connect/connection.js';
import { OwnSockets } from '../../../src/target/connect/ownSockets.js';
import { noStream, type Target } from '../../../src/target/target.js';
import { sampleEvents as recordEvents, sampleRecord } from '../../support/stores/sampleRecords.js';
import { eventually, until } from '../../support/waits.js';
import { failureOf, kinds, openTarget } from '../openTarget.js';
import { measured, sampleEvent } from '../sampleEvent.js';
import { batchRequest, scriptedServer, successFor } from '../scriptedServer.js';

describe('Flow control', () => {
  /** A server that reads nothing until it is told to, and then answers everything. */
  async function stalledServer(
    appendBytes = 1_048_576,
  ): Promise<{ target: Target; requests: BatchAppendReq[]; flow: () => void }> {
    const requests: BatchAppendReq[] = [];
    let flow: () => void = () => undefined;
    const flowing = new Promise<void>((resolve) => (flow = resolve));
    const { connectionString } = await scriptedServer({
      batchAppend: (call) =>
        void flowing.then(() =>
          call.on('data', (bytes: Buffer) => {
            const request = batchRequest(bytes);
            requests.push(request);
            call.write(successFor(request));
          }),
        ),
    });
    return { target: openTarget({ connectionString, appendBytes }), requests, flow };
  }

  test('Flow control makes writable wait until the server reads on', async () => {
    const { target, flow } = await stalledServer();
    const call = target.open();
    await call.writable(); // the call is open: what follows leaves at once
    // Many times what a call may send unread, and more requests than are taken without a wait.
    const appends = Array.from({ length: 40 }, (_, i) =>
      call.append('billing', measured([sampleEvent({ data: randomBytes(100_000) })]), i - 1),
    );
    let flows = false;
    const writable = call.writable().then(() => flows);
    await nextTurn();
    flows = true;
    flow();
    expect(await until('the call to be writable', writable)).toBe(true);
    expect(await Promise.all(appends)).toEqual(appends.map((_, i) => i));
    call.close();
  });

  test('Flow control frees who waits for a call that ends', async () => {
    const { target } = await stalledServer();
    const call = target.open();
    await call.writable();
    const appends = Array.from({ length: 40 }, (_, i) =>
      call.append('billing', measured([sampleEvent({ data: randomBytes(100_000) })]), i - 1),
    );
    const waiting = call.writable();
    call.close();
    await until('the call to be writable', waiting);
    await kinds(appends);
  });

  test('Flow control leaves every byte as it was when copies are late: buffers are used again only when their request is answered', async () => {
    const { target, requests, flow } = await stalledServer();
    const call = target.open();
    const batches = Array.from({ length: 60 }, () =>
      Array.from({ length: 3 }, () => sampleEvent({ data: randomBytes(30_000), metadata: randomBytes(500) })),
    );
    const answers: Promise<number>[] = [];
    for (const [i, batch] of batches.entries()) {
      answers.push(call.append('billing', measured(batch), i * 3 - 1));
      if (i === 10) flow();
      // From then on a window of four, so that buffers do come back and are used again.
      if (i > 10) await answers[i - 4];
    }
    await Promise.all(answers);
    call.close();
    expect(requests).toHaveLength(batches.length);
    for (const [i, request] of requests.entries()) {
      const received = request.getProposedMessagesList().map((message) => ({
        id: message.getId()?.getString(),
        data: Buffer.from(message.getData_asU8()).toString('latin1'),
        metadata: Buffer.from(message.getCustomMetadata_asU8()).toString('latin1'),
      }));
      expect(received).toEqual(
        batches[i]?.map(({ id, data, metadata }) => ({
          id,
          data: Buffer.from(data).toString('latin1'),
          metadata: Buffer.from(metadata).toString('latin1'),
        })),
      );
    }
  });

  test('Flow control keeps the buffers of a call that is given up until gRPC is done with it', async () => {
    const { port } = await scriptedServer({ batchAppend: () => undefined });
    const channel = new Channel(`127.0.0.1:${port}`, credentials.createInsecure(), {});
    const connection = new Connection(channel, new OwnSockets(), () => [new Metadata(), {}]);
    onTestFinished(() => connection.close());
    const buffers = new BufferPool(16 * 1024 * 1024);
    const given = vi.spyOn(buffers, 'give');
    const call = new BatchAppendCall({
      connection,
      features: { batch: true, durations: true },
      doing: () => ({ what: 'append', server: 'here', secure: false }),
      limit: new AppendLimit(1_048_576),
      buffers,
      clock: systemClock,
      onLost: () => undefined,
    });
    const answer = call.append('billing', measured([sampleEvent()]), noStream);
    call.close();
    expect(given).not.toHaveBeenCalled();
    expect((await failureOf(answer)).kind).toBe('AppendUncertain');
    await eventually('the buffer to be given back', () => expect(given).toHaveBeenCalledTimes(1));
  });

  test('Flow control lets leave in two what one message cannot hold', async () => {
    const { target, requests, flow } = await stalledServer(32_000_000);
    flow();
    const record = sampleRecord(1);
    const events = recordEvents(record, 2).map((event) => ({ ...event, data: randomBytes(9_000_000) }));
    const pipeline = new Pipeline(target, 'billing', { cursor: beginning, revision: 4 }, systemClock);
    pipeline.add(events, record);
    await pipeline.drain();
    expect(pipeline.confirmed).toMatchObject({ revision: 6, cursor: { position: 2 } });
    expect(requests.map((request) => request.getOptions()?.getStreamPosition())).toEqual(['4', '5']);
    pipeline.close();
  });
});
