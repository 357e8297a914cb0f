import { fileURLToPath } from 'node:url';
import { list } from 'tar';

/** One line of an `expected.ndjson`: a message as the original reader gave it, or a payload that it did not decode. */
export interface ExpectedMessage {
  readonly storeVersion: number;
  readonly key: string;
  readonly streamVersion: number;
  readonly stamp?: number;
  readonly index?: number;
  readonly count?: number;
  readonly contract?: string;
  /** Base64. */
  readonly body?: string;
  readonly payload?: string;
  readonly attributes?: readonly (readonly [string, string])[];
}

/** One line of a `frames.ndjson`: a frame, or the end of a file. */
export interface ExpectedFrame {
  readonly file: string;
  readonly end?: true;
  readonly offset: number;
  readonly length: number;
  readonly storeVersion: number;
  readonly stamp: number;
  readonly key: string;
}

/** A store that the original code wrote, loaded into memory. */
export interface FixtureStore {
  readonly name: string;
  /** Chunk name to bytes, as the container had them. */
  readonly chunks: ReadonlyMap<string, Buffer>;
  expected(file?: string): ExpectedMessage[];
  frames(): ExpectedFrame[];
}

/** A store whose first frames are int32 frames and whose later frames are varint frames. */
export const mixedStore = 'mixed-int32-varint-file';

/** Every other store of Lokad.CQRS or IDDD chunks; for a store with variants, each of them as `store/variant`. */
export const fixtureStores = [
  'era-2012-08-int32-file',
  'era-2013-03-12-file',
  'iddd-small-file',
  'iddd-small-pageblob',
  'iddd-torn-file/04-payload',
  'iddd-torn-file/07-hash-last-byte',
  'v3-audit-func-file',
  'v3-duplicate-prefix-pageblob',
  'v3-multi-json-crlf',
  'v3-prefix-disorder-file',
  'v3-small-json-crlf',
  'v3-small-json-crlf-pageblob',
  'v3-small-proto',
  'v3-torn-file/00-intact',
  'v3-torn-file/03-key',
  'v3-torn-file/05-payload',
  'v3-torn-file/07-hash',
  'v3-torn-file/24-payloadlen-varint-zerofilled',
  'v3-torn-file/33-flip-payload',
  'v3-torn-file/41-empty-and-zero-files',
  'v3-torn-pageblob/05-payload',
  'v3-torn-pageblob/08-hash-last-byte',
  'v3-torn-restart-file',
  'v3-torn-restart-pageblob',
] as const;

export type FixtureName = (typeof fixtureStores)[number] | typeof mixedStore;

/** @param data `data`, or `data-after-reader` where the original reader has truncated the chunks */
export async function fixtureStore(name: FixtureName, data = 'data'): Promise<FixtureStore> {
  const [archive = name] = name.split('/');
  const files = await unpack(archive);
  const chunks = new Map<string, Buffer>();
  for (const [path, bytes] of files) {
    const prefix = `${name}/${data}/`;
    if (path.startsWith(prefix)) chunks.set(path.slice(prefix.length), bytes);
  }
  const lines = (file: string) => parseLines(files.get(`${name}/${file}`));
  return {
    name,
    chunks: new Map([...chunks].sort(([one], [other]) => (one < other ? -1 : 1))),
    expected: (file = 'expected.ndjson') => lines(file) as ExpectedMessage[],
    frames: () => (lines('frames.ndjson') as ExpectedFrame[]).filter(({ end }) => !end),
  };
}

function parseLines(bytes: Buffer | undefined): unknown[] {
  if (!bytes) return [];
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

async function unpack(archive: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  await list({
    file: fileURLToPath(new URL(`../../fixtures/stores/${archive}.tar.gz`, import.meta.url)),
    onReadEntry: (entry) => {
      if (entry.type === 'Directory') return entry.resume();
      const parts: Buffer[] = [];
      entry.on('data', (part: Buffer) => parts.push(part));
      entry.on('end', () => files.set(entry.path.replace(/^\.\//, ''), Buffer.concat(parts)));
    },
  });
  return files;
}
