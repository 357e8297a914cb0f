import {
  BaseRequestPolicy,
  ContainerClient,
  newPipeline,
  StorageSharedKeyCredential,
  type RequestPolicy,
  type RequestPolicyOptions,
  type WebResource,
} from '@azure/storage-blob';
import { beginning, type Cursor } from '../src/core/cursor.js';
import { lokadTapes } from '../src/source/lokadTapes.js';
import { loadConfig } from '../src/config/config.js';
import { silentLogger } from '../src/core/logger.js';
import { FakeClock } from '../test/support/fakeClock.js';
import { figure, type Line } from './figures.js';
import type { Lab } from './lab/lab.js';
import { firstFrame, smallStore } from './lab/store.js';

const sizes = [10, 1_000, 20_000];
const polls = 240;
/** A store of more chunks is read from its last chunk on, as a run does that continues from its checkpoint. */
const readWhole = 1_000;

/** Counts, in the SDK's pipeline, how many storage calls an idle poll makes, retries included. */
export async function idle(lab: Lab): Promise<Line[]> {
  const lines: Line[] = [];
  for (const chunks of sizes) {
    const container = await lab.newContainer();
    await smallStore(container, chunks);
    const { perPoll, read } = await countPolls(lab, container.containerName, chunks);
    const name = `idle: storage calls a poll, ${chunks.toLocaleString('en-US')} chunks (${read} calls to get there)`;
    lines.push({ name, figure: figure([perPoll]), unit: '', goal: { atMost: 2 } });
  }
  return lines;
}

async function countPolls(lab: Lab, containerName: string, chunks: number) {
  const calls: string[] = [];
  const container = countingContainer(lab.storage, containerName, (call) => calls.push(call));
  const { config } = loadConfig(lab.newReplication(container));
  const clock = FakeClock.flowing();
  const source = lokadTapes({ ...config.source, container, clock, logger: silentLogger });
  const never = new AbortController().signal;
  let cursor: Cursor = beginning;
  if (chunks > readWhole) {
    const { chunk, position, sha1 } = firstFrame(chunks);
    const mark = {
      v: 1,
      source: '',
      position,
      index: 0,
      count: 1,
      key: '',
      sha1,
      chunk,
      offset: 0,
      settings: '',
    } as const;
    ({ cursor } = await source.locate(mark, undefined, never));
  }
  for await (const batch of source.read(cursor, never)) cursor = batch.cursor;
  if (cursor.position !== chunks + 1) throw new Error(`${cursor.position - 1} records were read of ${chunks}.`);
  const read = calls.length;
  for (let poll = 0; poll < polls; poll++) {
    await clock.sleep(config.run.idlePollMs, never);
    if (await source.poll(cursor, never)) throw new Error('An idle poll found something.');
  }
  return { read, perPoll: (calls.length - read) / polls };
}

/** A client that reports each request that it sends. */
function countingContainer(storage: string, name: string, onCall: (call: string) => void): ContainerClient {
  const part = (key: string): string => new RegExp(`${key}=([^;]*)`).exec(storage)?.[1] ?? '';
  const pipeline = newPipeline(new StorageSharedKeyCredential(part('AccountName'), part('AccountKey')));
  // The last policy of the pipeline sees every retry of a call.
  pipeline.factories.push({ create: (next, options) => new Counting(next, options, onCall) });
  return new ContainerClient(`${part('BlobEndpoint')}/${name}`, pipeline);
}

class Counting extends BaseRequestPolicy {
  constructor(
    next: RequestPolicy,
    options: RequestPolicyOptions,
    private readonly onCall: (call: string) => void,
  ) {
    super(next, options);
  }

  override sendRequest(request: WebResource): ReturnType<RequestPolicy['sendRequest']> {
    this.onCall(`${request.method} ${request.url}`);
    return this._nextPolicy.sendRequest(request);
  }
}
