import { fileURLToPath } from 'node:url';

import { list } from 'tar';
import { describe, expect, test } from 'vitest';

import { encodeBatch } from '../../../dev/writer/messageStore.js';
import { encodeFrame, findFrame } from '../../../dev/writer/tapeFrame.js';

const oneEvent =
  '0100000000000000 03753a37 18 000103532f45110d0a7b0d0a09224e223a20310d0a7d0d0a' +
  'ddefc23e98269e31058218b7f9f905e3a9d9002a';
const oneCommand =
  '0100000000000000 056175646974 31 0202696403616263037574631c323031332d31302d31335432303a30353a31342e303030303030305a' +
  '0103532f43027b7d dae857fe1e82d943e7f4fee8ddffb633931f4fbd';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('a frame of the sample writer', () => {
  test('A frame of the sample writer has the bytes of an event frame of the original', () => {
    const payload = encodeBatch({
      attributes: [],
      messages: [{ contract: 'S/E', body: Buffer.from('\r\n{\r\n\t"N": 1\r\n}\r\n') }],
    });
    expect(encodeFrame(1n, 'u:7', payload)).toEqual(hex(oneEvent));
  });

  test('A frame of the sample writer has the bytes of a command frame with attributes of the original', () => {
    const payload = encodeBatch({
      attributes: [
        ['id', 'abc'],
        ['utc', '2013-10-13T20:05:14.0000000Z'],
      ],
      messages: [{ contract: 'S/C', body: Buffer.from('{}') }],
    });
    expect(encodeFrame(1n, 'audit', payload)).toEqual(hex(oneCommand));
  });

  test('Frames of the sample writer, one behind the other, are exactly the chunks that the original made of the same commits', async () => {
    const store = await filesOf('v3-audit-func-file');
    const messages = linesOf<OriginalMessage>(store.get('expected-with-audit.ndjson'));
    const placed = linesOf<OriginalFrame>(store.get('frames.ndjson')).filter((frame) => 'stamp' in frame);
    expect(placed.length).toBeGreaterThan(100);
    const chunks = new Map<string, Buffer>();
    for (const { file, storeVersion, stamp, key } of placed) {
      const own = messages.filter((message) => message.storeVersion === storeVersion);
      const payload = encodeBatch({
        attributes: own[0]?.attributes ?? [],
        messages: own.map(({ contract, body }) => ({ contract, body: Buffer.from(body, 'base64') })),
      });
      chunks.set(file, Buffer.concat([chunks.get(file) ?? Buffer.alloc(0), encodeFrame(BigInt(stamp), key, payload)]));
    }
    for (const [file, bytes] of chunks) expect(bytes.equals(store.get(`data/${file}`) ?? Buffer.alloc(0))).toBe(true);
  });
});

describe('the frame that a starting writer finds', () => {
  const frame = hex(oneEvent);

  test('The frame that a starting writer finds is the one that was written, with the place behind it', () => {
    const found = findFrame(Buffer.concat([frame, Buffer.alloc(455)]), 0);
    expect(found).toMatchObject({ stamp: 1n, key: 'u:7', end: 57 });
    expect(found?.payload).toHaveLength(24);
  });

  test('A starting writer finds no frame where any byte is another', () => {
    for (const offset of frame.keys()) {
      const damaged = Buffer.from(frame);
      damaged.writeUInt8((damaged.readUInt8(offset) + 1) % 256, offset);
      expect(findFrame(damaged, 0)).toBeUndefined();
    }
  });

  test('A starting writer finds no frame whose end is missing or followed by zeros', () => {
    for (const length of frame.keys()) {
      expect(findFrame(frame.subarray(0, length), 0)).toBeUndefined();
      const torn = Buffer.concat([frame.subarray(0, length), Buffer.alloc(512)]);
      if (length < frame.length - 1) expect(findFrame(torn, 0)).toBeUndefined();
    }
    expect(findFrame(Buffer.alloc(512), 0)).toBeUndefined();
  });
});

interface OriginalMessage {
  readonly storeVersion: number;
  readonly contract: string;
  /** Base64. */
  readonly body: string;
  readonly attributes: [string, string][];
}

interface OriginalFrame {
  readonly file: string;
  readonly storeVersion: number;
  readonly stamp: number;
  readonly key: string;
}

/** The files of a fixture store by their path in it. */
async function filesOf(store: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  await list({
    file: fileURLToPath(new URL(`../../fixtures/stores/${store}.tar.gz`, import.meta.url)),
    onReadEntry: (entry) => {
      const parts: Buffer[] = [];
      entry.on('data', (part: Buffer) => parts.push(part));
      entry.on('end', () => files.set(entry.path.slice(store.length + 1), Buffer.concat(parts)));
    },
  });
  return files;
}

function linesOf<Line>(file: Buffer | undefined): Line[] {
  const lines = (file ?? Buffer.alloc(0)).toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}
