import { describe, expect, test } from 'vitest';

import type { StoredEvent } from '../../../dev/eventstore/eventStoreServer.js';
import { formatBody } from '../../../src/convert/body/jsvFormat.js';
import type { Difference } from '../../../src/verify/compare/difference.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered, type WrittenRecord } from '../../support/ferry.js';
import { rewriteStream } from '../../support/rewriteStream.js';
import { eventferry } from '../commandLine.js';

const server = sharedEmbeddedServer();
const chunk = '00000000-2013-10-15-080000.dat';
const next = '00000004-2013-10-15-090000.dat';

function formatted(json: string, newline: '\r\n' | '\n'): Uint8Array {
  return formatBody(Buffer.from(json), newline) ?? expect.fail('it cannot be formatted');
}

/** Bodies that are kept, and bodies that are reformatted, of both line ends. */
const first: readonly WrittenRecord[] = [
  {
    messages: [['Crlf', formatted('{"Text":"a{b","N":1}', '\r\n')] as const, ['Lf', formatted('{"Text":"c,d"}', '\n')]],
  },
  { key: 'audit', messages: [['Command', '{}'] as const] },
  { messages: [['Blob', Buffer.from([0, 1, 255])] as const] },
  { messages: [] },
];

/** Positions 1 to 9; events of 1 (two), 3, 5, 6, 7, 8, 9: revisions 0 to 7. */
async function replicated(): Promise<Ferry> {
  const ferry = await Ferry.open(server());
  await ferry.write(chunk, first);
  await ferry.write(next, numbered(5, 9));
  await ferry.run();
  expect(ferry.events()).toHaveLength(8);
  return ferry;
}

interface Facts {
  readonly equal: boolean;
  readonly ranges: readonly { from: number; to: number; digest: { source: string; target: string } }[];
  readonly events: Record<string, number>;
  readonly differences: { readonly total: number; readonly first: readonly Difference[] };
}

async function verify(ferry: Ferry, ...args: string[]): Promise<{ code: number | null; facts: Facts }> {
  const { code, stdout, stderr } = await eventferry(['verify', '--json', ...args], ferry.environment());
  expect(stderr).toBe('');
  return { code, facts: JSON.parse(stdout) as Facts };
}

function change(events: StoredEvent[], at: number, changed: Partial<StoredEvent>): void {
  const event = events[at] ?? expect.fail('there is no such event');
  events[at] = { ...event, ...changed };
}

function metadataOf(events: StoredEvent[], at: number): string {
  return events[at]?.metadata.toString() ?? '';
}

describe('eventferry verify', () => {
  test('eventferry verify says that a stream is equal and what was compared, and ends with 0', async () => {
    const ferry = await replicated();
    const { code, stdout, stderr } = await eventferry(['verify'], ferry.environment());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Equal: every event of positions 1 to 9 is in stream \S+ once, in order, byte for byte\.$/m,
    );
    expect(stdout).toMatch(/^Events +8 at the source, 8 in the stream, 8 equal$/m);
    const [, ofSource, ofTarget] = /SHA-256 +(\w{64}) .*\n +(\w{64}) /.exec(stdout) ?? [];
    expect(ofSource).toBe(ofTarget);

    const { facts } = await verify(ferry);
    expect(facts).toMatchObject({
      equal: true,
      complete: true,
      source: ferry.container.containerName,
      container: ferry.container.containerName,
      stream: ferry.stream,
      confirmed: { position: 9, revision: 7 },
      ranges: [{ from: 1, to: 9, firstRevision: 0, digest: { source: ofSource, target: ofSource } }],
      events: { expected: 8, stored: 8, equal: 8, underOtherSettings: 0 },
      differences: { total: 0, byKind: {}, first: [] },
      versions: { eventferry: expect.any(String) as string, node: process.version },
    });
  });

  test.each<[string, (events: StoredEvent[]) => void, readonly Partial<Difference>[]]>([
    [
      'one changed byte',
      (events) => change(events, 2, { data: Buffer.from([0, 2, 255]) }),
      [{ kind: 'changed-data', position: 3, index: 0, revision: 2 }],
    ],
    [
      'one changed byte of a body that was reformatted',
      (events) => change(events, 1, { data: Buffer.from('{"Text":"c,e"}') }),
      [{ kind: 'changed-data', position: 1, index: 1, revision: 1 }],
    ],
    ['one missing', (events) => events.splice(3, 1), [{ kind: 'missing', position: 5, index: 0 }]],
    [
      'one missing at the end, which the checkpoint calls confirmed',
      (events) => events.splice(7, 1),
      [
        { kind: 'checkpoint-ahead', position: 9, index: 0, revision: 7 },
        { kind: 'missing', position: 9, index: 0 },
      ],
    ],
    [
      'one doubled',
      (events) => events.splice(4, 0, ...events.slice(3, 4)),
      [{ kind: 'doubled', position: 5, index: 0, revision: 4 }],
    ],
    [
      'two swapped',
      (events) => events.splice(4, 2, ...events.slice(4, 6).reverse()),
      [{ kind: 'reordered', position: 6, index: 0, revision: 5 }],
    ],
    [
      'a foreign event at the end',
      (events) => events.push({ ...(events[0] as StoredEvent), metadata: Buffer.from('{}'), id: foreignId }),
      [{ kind: 'foreign', revision: 8 }],
    ],
    [
      'a foreign event in the middle',
      (events) => events.splice(3, 0, { ...(events[7] as StoredEvent), id: foreignId }),
      [{ kind: 'foreign', revision: 3 }],
    ],
    [
      'a wrong content type',
      (events) => change(events, 0, { contentType: 'application/octet-stream' }),
      [{ kind: 'changed-content-type', position: 1, index: 0, revision: 0 }],
    ],
    [
      'a wrong type',
      (events) => change(events, 6, { type: 'Other' }),
      [{ kind: 'changed-type', position: 8, index: 0, revision: 6 }],
    ],
    [
      'a changed id',
      (events) => change(events, 5, { id: foreignId }),
      [{ kind: 'changed-id', position: 7, index: 0, revision: 5 }],
    ],
    [
      'a changed mark',
      (events) => change(events, 2, { metadata: Buffer.from(metadataOf(events, 2).replace('"key":"', '"key":"x')) }),
      [{ kind: 'changed-mark', position: 3, index: 0, revision: 2 }],
    ],
    [
      'a mark that names another line break',
      (events) =>
        change(events, 0, {
          metadata: Buffer.from(metadataOf(events, 0).replace('"reformatted":"\\r\\n"', '"reformatted":"\\n"')),
        }),
      [{ kind: 'changed-mark', position: 1, index: 0, revision: 0 }],
    ],
    [
      'a mark that is gone',
      (events) => change(events, 2, { metadata: Buffer.from('{}') }),
      [{ kind: 'changed-mark', position: 3, index: 0, revision: 2 }],
    ],
  ])('eventferry verify names %s with position and revision, and ends with 1', async (_, plant, differences) => {
    const ferry = await replicated();
    await rewriteStream(ferry, (events) => void plant(events));
    const { code, facts } = await verify(ferry);
    const named = facts.differences.first.map(({ kind, position, index, revision }) => ({
      kind,
      position,
      index,
      revision,
    }));
    expect(
      named.filter(({ kind }) => kind !== 'checkpoint-ahead' || differences.some((one) => one.kind === kind)),
    ).toEqual(differences.map((one) => ({ position: undefined, index: undefined, revision: undefined, ...one })));
    expect(facts).toMatchObject({ equal: false });
    expect(facts.ranges[0]?.digest.source).not.toBe(facts.ranges[0]?.digest.target);
    expect(code).toBe(1);
  });
});

const foreignId = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';

describe('eventferry verify --target-only', () => {
  test('eventferry verify --target-only checks the stream while the source is gone, and ends with 0 or 1', async () => {
    const ferry = await replicated();
    await ferry.container.delete();
    const intact = await eventferry(['verify', '--target-only'], ferry.environment());
    expect(intact.stdout).toMatch(/^Intact: each event of stream .* follows the one that it names, in order, once\./);
    expect(intact.code).toBe(0);
    await rewriteStream(ferry, (events) => void events.splice(3, 1));
    const { code, stdout } = await eventferry(['verify', '--target-only', '--json'], ferry.environment());
    expect(JSON.parse(stdout)).toMatchObject({ intact: false, differences: { byKind: { chain: 1 } } });
    expect(code).toBe(1);
  });

  test.each(['--from', '--to', '--sample'])(
    'eventferry verify --target-only goes without %s, and says so with exit code 2',
    async (flag) => {
      const { code, stderr } = await eventferry(['verify', '--target-only', flag, '2'], {});
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--target-only') as string });
    },
  );
});
