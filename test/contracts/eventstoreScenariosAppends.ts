import { status, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { streamsMessages as streams } from '../../dev/eventstore/protocol/protocol.js';
import { appendForm, batchAppendForm } from './eventstoreScenariosAnswers.js';
import { batchAppendRequest, proposed, setTarget, type Form } from './eventstoreScenariosMessages.js';
import {
  asIs,
  deadline,
  metadataOf,
  OK,
  pass,
  statusForm,
  STREAMS,
  type Session,
} from './eventstoreScenariosSession.js';

/** So long the server may still answer when it has answered enough. */
const SURPLUS_MS = 60;

export async function append(session: Session, request: Form): Promise<Form> {
  const { client, labels } = session;
  const messages = (request['messages'] ?? [
    { options: request },
    ...(request['events'] as Form[]).map((event) => ({ event })),
  ]) as Form[];
  return await new Promise((resolve) => {
    const call = client.makeClientStreamRequest(
      `${STREAMS}/Append`,
      asIs,
      asIs,
      metadataOf(request),
      (error, answer?: Buffer) => {
        const form = answer ? appendForm(streams.AppendResp.deserializeBinary(answer)) : {};
        resolve({ status: error ? statusForm(error, request) : OK, ...form });
      },
    );
    call.on('error', () => undefined);
    for (const { options, event } of messages) {
      const message = new streams.AppendReq();
      if (options) message.setOptions(setTarget(new streams.AppendReq.Options(), options as Form));
      if (event) message.setProposedMessage(proposed(event as Form, labels));
      call.write(Buffer.from(message.serializeBinary()));
    }
    call.end();
    void deadline(session, request, call);
  });
}

export async function batchAppend(session: Session, request: Form, recorded: Form): Promise<Form> {
  const { client, labels, clock } = session;
  const expected = (recorded['responses'] as unknown[]).length;
  const responses: Form[] = [];
  let end: Form | 'open' = 'open';
  let changed = (): void => undefined;
  const call = client.makeBidiStreamRequest(`${STREAMS}/BatchAppend`, asIs, asIs, metadataOf(request));
  call.on('data', (bytes: Buffer) => {
    responses.push(
      batchAppendForm(streams.BatchAppendResp.deserializeBinary(bytes), labels, (code) => status[code] ?? String(code)),
    );
    changed();
  });
  call.on('error', () => undefined);
  call.on('status', (result: StatusObject) => {
    end = statusForm(result);
    changed();
  });
  const ended = new Promise<void>((resolve) => call.on('status', () => resolve()));
  const messages = request['messages'] as Form[];
  for (const message of messages) {
    if (message['pauseMs'] !== undefined) await pass(session, Number(message['pauseMs']));
    else await Promise.race([written(call, batchAppendRequest(message, labels, clock.now())), ended]);
  }
  if (request['halfClose'] === true) call.end();
  await pass(session, Number(request['waitMs'] ?? 0));
  const enough = new Promise<void>((resolve) => {
    changed = () => {
      if (responses.length >= expected || end !== 'open') resolve();
    };
    changed();
  });
  await enough;
  await pass(session, SURPLUS_MS);
  const result = { responses: request['ordered'] === false ? inOrderSent(responses, messages) : [...responses], end };
  call.cancel();
  return result;
}

/** Resolves when a message is on its way. */
function written(call: ClientDuplexStream<Buffer, Buffer>, message: Buffer): Promise<void> {
  return new Promise((resolve) => call.write(message, () => resolve()));
}

function inOrderSent(responses: readonly Form[], messages: readonly Form[]): Form[] {
  const place = (response: Form): number =>
    messages.findIndex(({ correlation }) => correlation === response['correlation']);
  return [...responses].sort((a, b) => place(a) - place(b));
}
