import {
  gossipMessages as gossip,
  serverFeaturesMessages as serverFeatures,
  sharedMessages as shared,
  streamsMessages as streams,
} from '../../dev/eventstore/protocol/protocol.js';
import { readForm } from './eventstoreScenariosAnswers.js';
import { identifier, setTarget, type Form } from './eventstoreScenariosMessages.js';
import { asIs, deadline, metadataOf, statusForm, STREAMS, unary, type Session } from './eventstoreScenariosSession.js';

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

export async function read(session: Session, op: string, request: Form): Promise<Form> {
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

export async function remove(session: Session, op: 'delete' | 'tombstone', request: Form): Promise<Form> {
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

export async function features(session: Session): Promise<Form> {
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

export async function members(session: Session): Promise<Form> {
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
