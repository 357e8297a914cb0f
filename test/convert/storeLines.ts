import { fileURLToPath } from 'node:url';
import { list } from 'tar';

/** One message as the original reader returned it. */
export interface ExpectedMessage {
  readonly storeVersion: number;
  readonly key: string;
  readonly index: number;
  readonly count: number;
  readonly contract: string;
  /** Base64. */
  readonly body: string;
}

/** The JSON text of one message before the pretty-printer took it. */
export interface TrueMessage {
  readonly storeVersion: number;
  readonly index: number;
  readonly json: string;
}

/** The lines of one `.ndjson` file of a fixture store, read from its archive. */
export async function storeLines<Line>(store: string, file: string): Promise<Line[]> {
  const archive = fileURLToPath(new URL(`../fixtures/stores/${store}.tar.gz`, import.meta.url));
  const parts: Buffer[] = [];
  await list({
    file: archive,
    filter: (path) => path === `${store}/${file}`,
    onReadEntry: (entry) => entry.on('data', (part: Buffer) => parts.push(part)),
  });
  const lines = Buffer.concat(parts).toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}

/** Every message of a store with its stored body and, where it is known, the JSON text it was made from. */
export async function storedBodies(
  store: string,
  expectedFile = 'expected.ndjson',
): Promise<{ readonly at: string; readonly stored: Buffer; readonly json: Buffer }[]> {
  const truth = await storeLines<TrueMessage>(store, 'truth.ndjson');
  const expected = await storeLines<ExpectedMessage>(store, expectedFile);
  const at = (message: { storeVersion: number; index: number }) => `${message.storeVersion}/${message.index}`;
  const jsonAt = new Map(truth.map((message) => [at(message), message.json]));
  return expected.map((message) => {
    const json = jsonAt.get(at(message));
    if (json === undefined) throw new Error(`${store} has no truth for message ${at(message)}`);
    return { at: at(message), stored: Buffer.from(message.body, 'base64'), json: Buffer.from(json, 'utf8') };
  });
}
