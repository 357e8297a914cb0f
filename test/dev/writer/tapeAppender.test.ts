import { BlobServiceClient } from '@azure/storage-blob';
import type { ContainerClient } from '@azure/storage-blob';
import { beforeEach, describe, expect, test } from 'vitest';

import type { Commit } from '../../../dev/writer/messageStore.js';
import { shop } from '../../../dev/writer/shop.js';
import { crossesPage, TapeAppender } from '../../../dev/writer/tapeAppender.js';
import { azuriteConnectionString, freshContainerName } from '../../support/services/azurite.js';
import { tapesIn } from './tapes.js';

let container: ContainerClient;
beforeEach(() => {
  container = freshContainer();
});

describe('the tape appender', () => {
  test("The sample writer's chunk appender opens no chunk before the first append", async () => {
    const appender = await TapeAppender.open(container);
    await appender.flush();
    expect(await tapesIn(container)).toEqual([]);
  });

  test("The sample writer's chunk appender appends frame behind frame to a page blob of 512 KiB that is zero behind the last", async () => {
    const appender = await TapeAppender.open(container);
    const commits = someCommits(30);
    for (const commit of commits) await append(appender, [commit]);
    const [tape, ...others] = await tapesIn(container);
    expect(others).toEqual([]);
    expect(tape?.name).toMatch(/^00000001-\d{4}-\d\d-\d\d-\d{6}\.dat$/);
    expect(tape?.bytes).toHaveLength(524_288);
    expect(tape?.frames.map(({ key }) => key)).toEqual(commits.map(({ key }) => key));
    expect(tape?.tail.every((byte) => byte === 0)).toBe(true);
    expect((await container.getBlobClient(tape?.name ?? '').getProperties()).blobType).toBe('PageBlob');
  });

  test("The sample writer's chunk appender writes the same bytes whether each commit is written by itself or many together", async () => {
    const commits = someCommits(40);
    const oneByOne = await TapeAppender.open(container);
    for (const commit of commits) await append(oneByOne, [commit]);
    const other = freshContainer();
    await append(await TapeAppender.open(other), commits);
    const [one] = await tapesIn(container);
    const [together] = await tapesIn(other);
    expect(together?.bytes.equals(one?.bytes ?? Buffer.alloc(0))).toBe(true);
  });

  test("The sample writer's chunk appender stamps each key by its own count, but every audit record 1", async () => {
    const appender = await TapeAppender.open(container);
    const keys = ['customer:1', 'audit', 'customer:2', 'audit', 'customer:1'];
    await append(
      appender,
      keys.map((key) => ({ key, attributes: [], messages: [] })),
    );
    const restarted = await TapeAppender.open(container);
    await append(restarted, [{ key: 'customer:1', attributes: [], messages: [] }]);
    const chunks = (await tapesIn(container)).filter(({ name }) => name.endsWith('.dat'));
    expect(chunks.map(({ frames }) => frames.map(({ stamp }) => stamp))).toEqual([[1n, 1n, 1n, 1n, 2n], [3n]]);
  });

  test("The sample writer's chunk appender goes on in a new chunk when the next frame does not fit, named for the records before it", async () => {
    const appender = await TapeAppender.open(container);
    const large = commitOf(200_000);
    expect(await appender.place([large, large, large])).toHaveLength(2);
    await appender.flush();
    await append(appender, [large]);
    const [first, second] = await tapesIn(container);
    expect(first?.frames).toHaveLength(2);
    expect(second?.frames).toHaveLength(1);
    expect(second?.name).toMatch(/^00000002-/);
  });

  test("The sample writer's chunk appender refuses a commit that fits no chunk", async () => {
    const appender = await TapeAppender.open(container);
    await expect(appender.place([commitOf(524_288)])).rejects.toThrow('does not fit');
  });

  test("The sample writer's chunk appender opens a new chunk after a restart, numbered behind the valid frames, and cuts the old one as the original", async () => {
    const commits = someCommits(60);
    await append(await TapeAppender.open(container), commits);
    const [before] = await tapesIn(container);
    const restarted = await TapeAppender.open(container);
    expect(restarted.records).toBe(60);
    await append(restarted, someCommits(1));
    const [cut, backup, next] = await tapesIn(container);
    const end = before?.frames.at(-1)?.end ?? 0;
    expect(cut?.name).toBe(before?.name);
    expect(cut?.bytes).toHaveLength(Math.ceil(end / 512) * 512);
    expect(cut?.frames).toHaveLength(60);
    expect(backup?.name).toBe(`${before?.name}.bak`);
    expect(backup?.bytes.equals(before?.bytes ?? Buffer.alloc(0))).toBe(true);
    expect(next?.name).toMatch(/^00000061-/);
  });

  test("The sample writer's chunk appender leaves a torn frame that no reader takes for one, and all frames before it", async () => {
    const appender = await TapeAppender.open(container);
    await append(appender, someCommits(10));
    const placed = await appender.place([commitOf(300), commitOf(2_000)]);
    const last = placed.at(-1);
    if (last === undefined) throw new Error('nothing was placed');
    expect(crossesPage(last)).toBe(true);
    await appender.tear(last);
    const [tape] = await tapesIn(container);
    expect(tape?.frames).toHaveLength(11);
    expect(tape?.frames.at(-1)?.end).toBe(last.offset);
    expect(tape?.tail.some((byte) => byte !== 0)).toBe(true);
    expect(tape?.tail.subarray(512).every((byte) => byte === 0)).toBe(true);
    const restarted = await TapeAppender.open(container);
    expect(restarted.records).toBe(11);
  });
});

function freshContainer(): ContainerClient {
  return BlobServiceClient.fromConnectionString(azuriteConnectionString()).getContainerClient(freshContainerName());
}

async function append(appender: TapeAppender, commits: readonly Commit[]): Promise<void> {
  await appender.place(commits);
  await appender.flush();
}

function someCommits(count: number): Commit[] {
  const endless = shop(3);
  return Array.from({ length: count }, () => endless.next().value);
}

function commitOf(bytes: number): Commit {
  return { key: 'parcel:1', attributes: [], messages: [{ contract: 'ParcelSent', body: Buffer.alloc(bytes, 'x') }] };
}
