import { TableServiceClient } from '@azure/data-tables';
import { describe, expect, test } from 'vitest';

import { azuriteConnectionString } from '../../support/services/azurite.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered } from '../../support/ferry.js';
import { eventferry } from '../commandLine.js';

const server = sharedEmbeddedServer();
const chunk = '00000000-2013-10-15-080000.dat';

async function tables(): Promise<string[]> {
  const names: string[] = [];
  const service = TableServiceClient.fromConnectionString(azuriteConnectionString(), { allowInsecureConnection: true });
  for await (const { name } of service.listTables()) if (name !== undefined) names.push(name);
  return names;
}

interface Line {
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly metadata: unknown;
  readonly dataBytes: number;
  readonly metadataBytes: number;
  readonly appendBytes: number;
  readonly summary?: Record<string, unknown>;
}

function parsed(stdout: string): Line[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

async function mixedFerry(): Promise<Ferry> {
  const ferry = await Ferry.open(server(), { OUTAGE_WAIT_SECONDS: '1' });
  await ferry.write(chunk, [
    { key: 'customer-1', messages: [['Created', '{"N":1}'] as const, ['Named', '{"N":2}'] as const] },
    { key: 'audit', messages: [['Create', '{}'] as const] },
    { key: 'customer-2', messages: [['Created', Buffer.from([0, 255, 1])] as const] },
  ]);
  return ferry;
}

describe('eventferry run --dry-run', () => {
  test('eventferry run --dry-run shows the events exactly as they are appended afterwards, and writes nothing', async () => {
    const ferry = await mixedFerry();
    const plan = await eventferry(['run', '--dry-run', '--json'], ferry.environment());
    expect(plan).toMatchObject({ code: 0, stderr: '' });
    expect(server().streams()).not.toContain(ferry.stream);
    expect(await tables()).not.toContain(ferry.table);

    await ferry.run();
    const lines = parsed(plan.stdout);
    expect(lines.slice(0, -1)).toEqual(
      ferry.events().map(({ revision, id, type, contentType, data, metadata }) => ({
        revision,
        id,
        type,
        contentType,
        metadata: JSON.parse(metadata.toString()) as unknown,
        dataBytes: data.length,
        metadataBytes: metadata.length,
        appendBytes: expect.any(Number) as number,
      })),
    );
    const sum = (of: (line: Line) => number) => lines.slice(0, -1).reduce((total, line) => total + of(line), 0);
    expect(lines.at(-1)?.summary).toEqual({
      stream: ferry.stream,
      events: 3,
      firstRevision: 0,
      lastRevision: 2,
      dataBytes: sum(({ dataBytes }) => dataBytes),
      metadataBytes: sum(({ metadataBytes }) => metadataBytes),
      appendBytes: sum(({ appendBytes }) => appendBytes),
      types: [
        { name: 'Created', count: 2 },
        { name: 'Named', count: 1 },
      ],
      keys: [
        { name: 'customer-1', count: 2 },
        { name: 'customer-2', count: 1 },
      ],
    });
  });

  test('eventferry run --dry-run prints what people can read', async () => {
    const ferry = await mixedFerry();
    const { stdout } = await eventferry(['run', '--dry-run'], ferry.environment());
    await ferry.run();
    const [created] = ferry.events();
    expect(stdout).toContain(`0  ${created?.id}  Created  application/json  7 bytes (`);
    expect(stdout).toContain(`    ${created?.metadata.toString()}\n`);
    expect(stdout).toContain('  Created  application/octet-stream  3 bytes (');
    expect(stdout).toContain(
      `3 events would be appended to stream ${ferry.stream}, revisions 0 to 2; nothing was written.`,
    );
    expect(stdout).toMatch(/By type:\n {2}2 {2}Created\n {2}1 {2}Named\nBy key:\n {2}2 {2}customer-1\n/);
  });

  test('eventferry run --dry-run ends after as many events as it is told', async () => {
    const ferry = await Ferry.open(server(), { OUTAGE_WAIT_SECONDS: '1' });
    await ferry.write(chunk, numbered(1, 50));
    const { stdout, code } = await eventferry(['run', '--dry-run', '--limit', '4', '--json'], ferry.environment());
    expect(code).toBe(0);
    expect(parsed(stdout).map(({ revision }) => revision)).toEqual([0, 1, 2, 3, undefined]);
    expect(parsed(stdout).at(-1)?.summary).toMatchObject({ events: 4 });
  });

  test('eventferry run --dry-run begins where a run would, and says when there is nothing to append', async () => {
    const ferry = await mixedFerry();
    await ferry.run();
    const before = await ferry.row();
    expect(await eventferry(['run', '--dry-run'], ferry.environment())).toMatchObject({
      code: 0,
      stdout: `Nothing would be appended to stream ${ferry.stream}.\n`,
    });
    await ferry.write('00000004-2013-10-15-090000.dat', numbered(4, 5));
    const { stdout } = await eventferry(['run', '--dry-run', '--json'], ferry.environment());
    expect(parsed(stdout).map(({ revision }) => revision)).toEqual([3, 4, undefined]);
    expect(await ferry.row()).toEqual(before);
  });

  test('eventferry run --dry-run ends where a run would stop, after showing the events before that', async () => {
    const ferry = await Ferry.open(server(), { OUTAGE_WAIT_SECONDS: '1' });
    await ferry.write(chunk, [...numbered(1, 2), { messages: [['$forbidden', '{}'] as const] }, ...numbered(4, 4)]);
    const { code, stdout, stderr } = await eventferry(['run', '--dry-run', '--json'], ferry.environment());
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Stopped: .*\$forbidden/m);
    const lines = parsed(stdout);
    expect(lines.map(({ revision }) => revision)).toEqual([0, 1, undefined, undefined]);
    expect(lines[2]?.summary).toMatchObject({ events: 2 });
    expect(lines[3]).toMatchObject({ error: { kind: 'Unconvertible' } });
  });
});
