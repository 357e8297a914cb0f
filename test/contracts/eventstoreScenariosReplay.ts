import {
  Client,
  credentials,
  Metadata,
  status,
  type ClientDuplexStream,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import {
  gossipMessages as gossip,
  serverFeaturesMessages as serverFeatures,
  sharedMessages as shared,
  streamsMessages as streams,
} from '../../dev/eventstore/protocol/protocol.js';
import type { FakeClock } from '../support/fakeClock.js';
import { until } from '../support/waits.js';
import { differences, type Scenario, type Step } from './eventstoreScenarios.js';
import {
  appendForm,
  batchAppendForm,
  batchAppendRequest,
  identifier,
  labelsOf,
  proposed,
  readForm,
  setTarget,
  type Form,
  type Labels,
} from './eventstoreScenariosMessages.js';

const STREAMS = '/event_store.client.streams.Streams';
/** So long the server may still answer when it has answered enough. */
const SURPLUS_MS = 60;

const asIs = (bytes: Buffer): Buffer => bytes;

/** What a scenario is replayed with. */
interface Session {
  readonly client: Client;
  readonly labels: Labels;
  /** The server's clock: every time that the recording tells passes on it, and no other does. */
  readonly clock: FakeClock;
}

/**
 * Replays one scenario and returns where the answers differ from the recorded ones.
 *
 * @param clock what the server goes by
 */
export async function replay(scenario: Scenario, server: EventStoreServer, clock: FakeClock): Promise<string[]> {
  const found: string[] = [];
  const labels = labelsOf(scenario.ids);
  let client = connect(server);
  for (const [index, step] of scenario.steps.entries()) {
    if (step.op === 'restart') {
      client.close();
      await server.stop();
      await server.start();
      client = connect(server);
      continue;
    }
    const at = `step ${index + 1} (${step.op})`;
    const answer = await until(`the answer to ${at} of ${scenario.name}`, run(step, { client, labels, clock }));
    found.push(...differences(step.response, answer, at));
  }
  client.close();
  return found;
}

function connect(server: EventStoreServer): Client {
  return new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
}

async function run({ op, request, response }: Step, session: Session): Promise<Form> {
  switch (op) {
    case 'append':
      return await append(session, request);
    case 'batchAppend':
      return await batchAppend(session, request, response);
    case 'read':
    case 'readAll':
      return await read(session, op, request);
    case 'delete':
    case 'tombstone':
      return await remove(session, op, request);
    case 'serverFeatures':
      return await features(session);
    case 'gossip':
      return await members(session);
    case 'wait':
      await pass(session, Number(request['ms']));
      return {};
    default:
      throw new Error(`There is no operation "${op}".`);
  }
}

/** Lets time pass for the server once it has taken all that was sent to it. */
async function pass({ client, clock }: Session, ms: number): Promise<void> {
  await taken(client);
  clock.advance(ms);
  await taken(client);
}

/** Resolves when the server has taken all that was sent to it before, and what it answered at once has come. */
async function taken(client: Client): Promise<void> {
  // Calls on one connection overtake nothing; the second one also comes after what the first turn of events set off.
  for (let trips = 0; trips < 2; trips += 1) {
    await new Promise<void>((resolve) => {
      const nothing = Buffer.from(new shared.Empty().serializeBinary());
      client.makeUnaryRequest('/event_store.client.gossip.Gossip/Read', asIs, asIs, nothing, () => resolve());
    });
  }
}

/** The deadline of a call, by the server's clock, where the recording has one. */
async function deadline(session: Session, request: Form, call: { cancel(): void }): Promise<void> {
  const { callTimeoutMs } = request;
  if (callTimeoutMs === undefined) return;
  await pass(session, Number(callTimeoutMs));
  call.cancel();
}

function metadataOf(request: Form): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries((request['headers'] ?? {}) as Record<string, string>))
    metadata.set(key, value);
  return metadata;
}

function statusForm({ code, details, metadata }: StatusObject | ServiceError, request: Form = {}): Form {
  if (code === status.CANCELLED && request['callTimeoutMs'] !== undefined)
    return { code: status.DEADLINE_EXCEEDED, codeName: 'DEADLINE_EXCEEDED', clientDeadline: true };
  const form = { code, codeName: status[code] };
  const trailers = Object.entries(metadata.getMap()).filter(
    ([key]) => !key.endsWith('-bin') && !key.startsWith('content-') && key !== 'date' && key !== 'server',
  );
  return {
    ...form,
    ...(code !== status.OK && details !== '' && { details }),
    ...(trailers.length > 0 && { trailers: Object.fromEntries(trailers) }),
  };
}

const OK: Form = { code: 0, codeName: 'OK' };

/** One call with one answer. */
async function unary(
  session: Session,
  path: string,
  bytes: Uint8Array,
  request: Form = {},
): Promise<{ status: Form; answer: Buffer | undefined }> {
  return await new Promise((resolve) => {
    const sent = Buffer.from(bytes);
    session.client.makeUnaryRequest(path, asIs, asIs, sent, metadataOf(request), (error, answer) => {
      resolve({ status: error ? statusForm(error) : OK, answer });
    });
  });
}

async function append(session: Session, request: Form): Promise<Form> {
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

async function batchAppend(session: Session, request: Form, recorded: Form): Promise<Form> {
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

function readRequest(op: string, request: Form) {
  const { ReadReq } = streams;
  const omitted = (request['omit'] ?? []) as string[];
  if (omitted.includes('options')) return new ReadReq();
  const { direction, from, count, compatibility, uuidForm, streamPrefix } = request;
  const options = new ReadReq.Options().setResolveLinks(request['resolveLinks'] === true);
  options.setReadDirection(ReadReq.Options.ReadDirection[direction === 'forwards' ? 'FORWARDS' : 'BACKWARDS']);
  const empty = new shared.Empty();
  if (op === 'readAll') {
    const all = new ReadReq.Options.AllOptions();
    options.setAll(from === 'end' ? all.setEnd(empty) : all.setStart(empty));
    const { FilterOptions } = ReadReq.Options;
    const prefix = new FilterOptions.Expression().setPrefixList(streamPrefix as string[]);
    options.setFilter(
      new FilterOptions().setStreamIdentifier(prefix).setCount(empty).setCheckpointintervalmultiplier(1),
    );
  } else {
    const stream = new ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(request));
    if (from === 'start') stream.setStart(empty);
    else if (from === 'end') stream.setEnd(empty);
    else if (from !== null) stream.setRevision(`${from as number | string}`);
    options.setStream(stream);
    if (!omitted.includes('filter')) options.setNoFilter(empty);
  }
  if (count !== null) options.setCount(`${count as number | string}`);
  const uuid = new ReadReq.Options.UUIDOption();
  if (!omitted.includes('uuidOption'))
    options.setUuidOption(uuidForm === 'structured' ? uuid.setStructured(empty) : uuid.setString(empty));
  if (compatibility !== undefined)
    options.setControlOption(new ReadReq.Options.ControlOption().setCompatibility(Number(compatibility)));
  return new ReadReq().setOptions(options);
}

async function read(session: Session, op: string, request: Form): Promise<Form> {
  const { client, labels } = session;
  const bytes = Buffer.from(readRequest(op, request).serializeBinary());
  const responses: InstanceType<typeof streams.ReadResp>[] = [];
  return await new Promise((resolve) => {
    const call = client.makeServerStreamRequest(`${STREAMS}/Read`, asIs, asIs, bytes, metadataOf(request));
    call.on('data', (answer: Buffer) => responses.push(streams.ReadResp.deserializeBinary(answer)));
    call.on('error', () => undefined);
    call.on('status', (result) => resolve({ status: statusForm(result, request), ...readForm(responses, labels) }));
    void deadline(session, request, call);
  });
}

async function remove(session: Session, op: 'delete' | 'tombstone', request: Form): Promise<Form> {
  const [Request, Response, path] =
    op === 'delete'
      ? [streams.DeleteReq, streams.DeleteResp, `${STREAMS}/Delete`]
      : [streams.TombstoneReq, streams.TombstoneResp, `${STREAMS}/Tombstone`];
  const message = new Request().setOptions(setTarget(new Request.Options(), request));
  const { status: result, answer } = await unary(session, path, message.serializeBinary(), request);
  if (!answer) return { status: result };
  const response = Response.deserializeBinary(answer);
  return {
    status: result,
    ...(response.hasPosition() && { position: '*' }),
    ...(response.hasNoPosition() && { noPosition: true }),
  };
}

async function features(session: Session): Promise<Form> {
  const path = '/event_store.client.server_features.ServerFeatures/GetSupportedMethods';
  const { status: result, answer } = await unary(session, path, new shared.Empty().serializeBinary());
  if (!answer) return { status: result };
  const response = serverFeatures.SupportedMethods.deserializeBinary(answer);
  return {
    status: result,
    version: response.getEventStoreServerVersion(),
    methods: response.getMethodsList().map((method) => ({
      service: method.getServiceName(),
      method: method.getMethodName(),
      features: method.getFeaturesList(),
    })),
  };
}

async function members(session: Session): Promise<Form> {
  const { status: result, answer } = await unary(
    session,
    '/event_store.client.gossip.Gossip/Read',
    new shared.Empty().serializeBinary(),
  );
  if (!answer) return { status: result };
  const states = Object.entries(gossip.MemberInfo.VNodeState);
  return {
    status: result,
    members: gossip.ClusterInfo.deserializeBinary(answer)
      .getMembersList()
      .map((member) => ({
        ...(member.hasInstanceId() && {
          instanceId: '*',
          instanceIdForm: member.getInstanceId()?.hasStructured() ? 'structured' : 'string',
        }),
        ...(member.getTimeStamp() !== '0' && { timeStamp: '*' }),
        state: member.getState(),
        stateName: states.find(([, state]) => state === member.getState())?.[0],
        isAlive: member.getIsAlive(),
        httpEndPoint: { address: member.getHttpEndPoint()?.getAddress(), port: member.getHttpEndPoint()?.getPort() },
      })),
  };
}
