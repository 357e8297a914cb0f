import type { ContainerClient } from '@azure/storage-blob';
import { describe, expect, test } from 'vitest';

import type { Environment } from '../../../src/config/config.js';
import { azuriteConnectionString } from '../../support/services/azurite.js';
import { tapeBytes, type WrittenRecord } from '../../support/ferry.js';
import { fixtureStore, type FixtureName } from '../../support/stores/fixtureStores.js';
import { freshContainer, uploadChunk, uploadStore } from '../../support/stores/uploadStore.js';
import { eventferry } from '../commandLine.js';

/** The settings of the source, and no others. */
function settingsOf(container: ContainerClient): Environment {
  return { SOURCE_STORAGE: azuriteConnectionString(), SOURCE_CONTAINER: container.containerName };
}

async function containerWith(name: FixtureName): Promise<ContainerClient> {
  const container = await freshContainer();
  await uploadStore(container, (await fixtureStore(name)).chunks, 'block');
  return container;
}

function parsed(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const chunk = '00000001-2013-10-15-080000.dat';
const records: readonly WrittenRecord[] = [
  {
    key: 'customer-1',
    messages: [['Created', '{\r\n\t"N":1\r\n}'] as const, ['Blob', Buffer.from([0, 1, 255])] as const],
  },
  { key: 'customer-2', messages: [] },
  { key: 'customer-1', messages: [['Named', '\u001b[2J'] as const] },
];

describe('eventferry inspect', () => {
  test('eventferry inspect shows every chunk, what is wrong with it, and the counts, with only the settings of the source', async () => {
    const container = await containerWith('v3-torn-file/33-flip-payload');
    const { code, stdout, stderr } = await eventferry(['inspect'], settingsOf(container));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').slice(0, 11)).toEqual([
      'CHUNK                               VARIANT      BYTES    FRAMES  POSITIONS',
      '00000001-2013-10-16-070000.dat      varint      81,753       150  1-150',
      '00000151-2013-10-16-105311.dat      varint      84,779        60  151-210',
      expect.stringMatching(/^ {2}corrupt at byte 33,941, .* SHA-1 .*; the next valid frame is at byte 34,085$/),
      '  109 valid frames after that, without a position unless ON_DAMAGE is salvage',
      '00000321-2013-10-16-145814.dat      varint      89,211       100  211-310',
      '  gap: by its name, records missing before it: 110',
      '',
      `Container ${container.containerName}: 3 chunks (3 varint), 255,743 bytes.`,
      '310 records, position 1 to 310; 630 messages.',
      'Found: 1 corrupt place, 109 valid frames hidden after damage, 1 gap.',
    ]);
    expect(stdout).toMatch(/^Records by key:\n {2}50 {2}user:7\n {2}37 {2}клиент:日本語-😀\n/m);
    expect(stdout).toMatch(/^Messages by contract:\n {2}78 {2}Lokad.SaaS\/RegistrationFailed\n/m);
  });

  test('eventferry inspect counts positions as replication with the same ON_DAMAGE does', async () => {
    const container = await containerWith('v3-torn-file/33-flip-payload');
    const { stdout } = await eventferry(['inspect', '--on-damage', 'salvage'], settingsOf(container));
    expect(stdout).toContain('419 records, position 1 to 419');
    expect(stdout).toContain('Found: 1 corrupt place, 1 gap.');
  });

  test('eventferry inspect tells the variants apart, and counts what is there as JSON', async () => {
    const container = await containerWith('mixed-int32-varint-file');
    const store = await fixtureStore('mixed-int32-varint-file');
    const lines = parsed((await eventferry(['inspect', '--json'], settingsOf(container))).stdout);
    const chunks = lines.slice(0, -1);
    expect(chunks.map(({ name }) => name).sort()).toEqual([...store.chunks.keys()]);
    expect(new Set(chunks.map(({ variant }) => variant))).toEqual(new Set(['int32', 'varint']));
    const { stdout } = await eventferry(['inspect'], settingsOf(container));
    expect(stdout).toContain('frames of both variants (SourceMixed)');
    const positions = chunks.reduce((sum, { frames }) => sum + (frames as number), 0);
    expect(lines.at(-1)?.['summary']).toMatchObject({
      container: container.containerName,
      chunks: store.chunks.size,
      records: positions,
      firstPosition: 1,
      lastPosition: positions,
    });
  });

  test('eventferry inspect finds a torn end, a copy with frames that its chunk lacks, and names that are no chunks', async () => {
    const container = await freshContainer();
    const bytes = tapeBytes(records);
    await uploadChunk(container, chunk, bytes.subarray(0, bytes.length - 10));
    await uploadChunk(container, `${chunk}.bak`, bytes);
    await uploadChunk(container, 'lock', Buffer.alloc(0));
    const { stdout } = await eventferry(['inspect'], settingsOf(container));
    expect(stdout).toMatch(/^ {2}torn at byte \d+, \d+ bytes: /m);
    expect(stdout).toMatch(
      new RegExp(`^ {2}copy ${chunk}.bak \\(\\d+ bytes\\) holds 1 valid frame that is in no chunk$`, 'm'),
    );
    expect(stdout).toContain('Names that are no chunks, ignored: 1.');
    expect(stdout).toContain('Found: 1 torn end, 1 valid frame only in .bak copies.');
  });

  test('eventferry inspect says when the source is empty', async () => {
    const container = await freshContainer();
    const { code, stdout } = await eventferry(['inspect'], settingsOf(container));
    expect(code).toBe(0);
    expect(stdout).toContain(
      `Container ${container.containerName}: 0 chunks, 0 bytes.\nNo record.\nNothing is wrong.\n`,
    );
  });

  test('eventferry inspect fails when the container is missing, and refuses wrong settings', async () => {
    const missing = { SOURCE_STORAGE: azuriteConnectionString(), SOURCE_CONTAINER: 'not-there' };
    const failed = await eventferry(['inspect'], missing);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/^Error: .*not-there/m);
    const refused = await eventferry(['inspect'], {});
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).not.toContain('EVENTSTORE_CONNECTION_STRING');
  });
});

describe('eventferry inspect --position', () => {
  async function container(): Promise<ContainerClient> {
    const one = await freshContainer();
    await uploadChunk(one, chunk, tapeBytes(records));
    return one;
  }

  test('eventferry inspect --position shows one record: its place, its key, its version by counting, and its messages', async () => {
    const settings = settingsOf(await container());
    const first = await eventferry(['inspect', '--position', '1'], settings);
    expect(first.stdout.split('\n')).toEqual([
      'Position        1',
      'Key             customer-1',
      'Stream version  1 by counting; 1 as stored',
      expect.stringMatching(new RegExp(`^Frame {11}${chunk} at byte 0, \\d+ bytes$`)),
      expect.stringMatching(/^SHA-1 {11}[0-9a-f]{40}$/),
      '',
      'Message 1 of 2: Created, 12 bytes',
      '{',
      '\t"N":1',
      '}',
      '',
      'Message 2 of 2: Blob, 3 bytes',
      '00000000  00 01 ff                                         ...',
      '',
    ]);
    const third = await eventferry(['inspect', '--position', '3'], settings);
    expect(third.stdout).toContain('Stream version  2 by counting; 3 as stored\n');
    expect(third.stdout).toContain('Message 1 of 1: Named, 4 bytes\n00000000  1b 5b 32 4a ');
  });

  test('eventferry inspect --position --json gives every byte of the record', async () => {
    const { stdout } = await eventferry(['inspect', '--position', '1', '--json'], settingsOf(await container()));
    expect(JSON.parse(stdout)).toMatchObject({
      position: 1,
      key: 'customer-1',
      streamVersion: 1,
      stamp: '1',
      chunk,
      offset: 0,
      payload: {
        kind: 'batch',
        attributes: [],
        messages: [
          { contract: 'Created', bytes: 12, text: '{\r\n\t"N":1\r\n}' },
          { contract: 'Blob', bytes: 3, base64: 'AAH/' },
        ],
      },
    });
  });

  test('eventferry inspect --position says when there is no such record', async () => {
    const { code, stdout, stderr } = await eventferry(['inspect', '--position', '4'], settingsOf(await container()));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('Error: There is no record at position 4.');
  });
});
