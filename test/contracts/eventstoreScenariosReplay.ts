import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import {
  gossipMessages as gossip,
  serverFeaturesMessages as serverFeatures,
  sharedMessages as shared,
  streamsMessages as streams,
} from '../../dev/eventstore/protocol.js';
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
const CALL_TIMEOUT_MS = 20_000;
/** How long answers to a BatchAppend are waited for, and then how long for answers that should not come. */
const ANSWERS_TIMEOUT_MS = 15_000;
const SURPLUS_MS = 60;

const asIs = (bytes: Buffer): Buffer => bytes;

/** Replays one scenario and returns where the answers differ from the recorded ones. */
export async function replay(scenario: Scenario, server: EventStoreServer): Promise<string[]> {
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
    const answer = await run(step, client, labels);
    found.push(...differences(step.response, answer, `step ${index + 1} (${step.op})`));
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

async function run({ op, request, response }: Step, client: Client, labels: Labels): Promise<Form> {
  switch (op) {
    case 'append':
      return await append(client, request, labels);
    case 'batchAppend':
      return await batchAppend(client, request, response, labels);
    case 'read':
    case 'readAll':
      return await read(client, op, request, labels);
    case 'delete':
    case 'tombstone':
      return await remove(client, op, request);
    case 'serverFeatures':
      return await features(client);
    case 'gossip':
      return await members(client);
    case 'wait':
      await sleep(Number(request['ms']));
      return {};
    default:
      throw new Error(`There is no operation "${op}".`);
  }
}

function callOptions(request: Form): { deadline: number } {
  return { deadline: Date.now() + Number(request['callTimeoutMs'] ?? CALL_TIMEOUT_MS) };
}

function metadataOf(request: Form): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries((request['headers'] ?? {}) as Record<string, string>))
    metadata.set(key, value);
  return metadata;
}

function statusForm({ code, details, metadata }: StatusObject | ServiceError): Form {
  const form = { code, codeName: status[code] };
  if (code === status.DEADLINE_EXCEEDED && details.startsWith('Deadline exceeded'))
    return { ...form, clientDeadline: true };
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
  client: Client,
  path: string,
  bytes: Uint8Array,
  request: Form = {},
): Promise<{ status: Form; answer: Buffer | undefined }> {
  return await new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      asIs,
      asIs,
      Buffer.from(bytes),
      metadataOf(request),
      callOptions(request),
      (error, answer) => {
        resolve({ status: error ? statusForm(error) : OK, answer });
      },
    );
  });
}

async function append(client: Client, request: Form, labels: Labels): Promise<Form> {
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
      callOptions(request),
      (error, answer?: Buffer) => {
        const form = answer ? appendForm(streams.AppendResp.deserializeBinary(answer)) : {};
        resolve({ status: error ? statusForm(error) : OK, ...form });
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
  });
}

async function batchAppend(client: Client, request: Form, recorded: Form, labels: Labels): Promise<Form> {
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
  const messages = request['messages'] as Form[];
  for (const message of messages) {
    if (message['pauseMs'] !== undefined) await sleep(Number(message['pauseMs']));
    else call.write(batchAppendRequest(message, labels, Date.now()));
  }
  if (request['halfClose'] === true) call.end();
  const leastMs = sleep(Number(request['waitMs'] ?? 0));
  const enough = new Promise<void>((resolve) => {
    changed = () => {
      if (responses.length >= expected || end !== 'open') resolve();
    };
    changed();
  });
  await Promise.race([enough, sleep(ANSWERS_TIMEOUT_MS)]);
  await leastMs;
  await sleep(SURPLUS_MS);
  const result = { responses: request['ordered'] === false ? inOrderSent(responses, messages) : [...responses], end };
  call.cancel();
  return result;
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

async function read(client: Client, op: string, request: Form, labels: Labels): Promise<Form> {
  const bytes = Buffer.from(readRequest(op, request).serializeBinary());
  const responses: InstanceType<typeof streams.ReadResp>[] = [];
  return await new Promise((resolve) => {
    const call = client.makeServerStreamRequest(
      `${STREAMS}/Read`,
      asIs,
      asIs,
      bytes,
      metadataOf(request),
      callOptions(request),
    );
    call.on('data', (answer: Buffer) => responses.push(streams.ReadResp.deserializeBinary(answer)));
    call.on('error', () => undefined);
    call.on('status', (result) => resolve({ status: statusForm(result), ...readForm(responses, labels) }));
  });
}

async function remove(client: Client, op: 'delete' | 'tombstone', request: Form): Promise<Form> {
  const [Request, Response, path] =
    op === 'delete'
      ? [streams.DeleteReq, streams.DeleteResp, `${STREAMS}/Delete`]
      : [streams.TombstoneReq, streams.TombstoneResp, `${STREAMS}/Tombstone`];
  const message = new Request().setOptions(setTarget(new Request.Options(), request));
  const { status: result, answer } = await unary(client, path, message.serializeBinary(), request);
  if (!answer) return { status: result };
  const response = Response.deserializeBinary(answer);
  return {
    status: result,
    ...(response.hasPosition() && { position: '*' }),
    ...(response.hasNoPosition() && { noPosition: true }),
  };
}

async function features(client: Client): Promise<Form> {
  const path = '/event_store.client.server_features.ServerFeatures/GetSupportedMethods';
  const { status: result, answer } = await unary(client, path, new shared.Empty().serializeBinary());
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

async function members(client: Client): Promise<Form> {
  const { status: result, answer } = await unary(
    client,
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
