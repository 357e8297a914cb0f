import { Client, credentials } from '@grpc/grpc-js';
import type { EventStoreServer } from '../../dev/eventstore/eventStoreServer.js';
import type { FakeClock } from '../support/fakeClock.js';
import { until } from '../support/waits.js';
import { differences, type Scenario, type Step } from './eventstoreScenarios.js';
import { append, batchAppend } from './eventstoreScenariosAppends.js';
import { features, members, read, remove } from './eventstoreScenariosCalls.js';
import { labelsOf, type Form } from './eventstoreScenariosMessages.js';
import { pass, type Session } from './eventstoreScenariosSession.js';

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
