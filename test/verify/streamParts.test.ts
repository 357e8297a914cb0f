import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { type Ferry, numbered } from '../support/ferry.js';
import { rewriteStream } from '../support/rewriteStream.js';
import { first, openFerryWith, verify } from './verifiedFerry.js';

const server = sharedEmbeddedServer();
const ferryWith = (chunks: Parameters<typeof openFerryWith>[1]): Promise<Ferry> => openFerryWith(server(), chunks);

describe('a part of a stream', () => {
  const change = async (ferry: Ferry, position: number): Promise<void> =>
    rewriteStream(ferry, (events) => {
      const event = events[position - 1] ?? expect.fail('no such event');
      events[position - 1] = { ...event, data: Buffer.from('{"N":0}') };
    });

  test('Verify compares a part of a stream from one position to another', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 60) });
    await change(ferry, 30);
    const found = async (from: number, to: number) => (await verify(ferry, { from, to })).differences.total;
    expect(await found(1, 29)).toBe(0);
    expect(await found(31, 60)).toBe(0);
    expect(await found(30, 30)).toBe(1);
    expect(await found(20, 1000)).toBe(1);
    expect(await verify(ferry, { from: 31, to: 40 })).toMatchObject({
      ranges: [{ from: 31, to: 40, firstRevision: 30 }],
      events: { expected: 10, stored: 10 },
    });
  });

  test('A part of a stream that is not replicated yet is not compared, and not called equal', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10) });
    const nothing = { kind: 'NotApplicable', facts: { position: 10, from: 11 } };
    await expect(verify(ferry, { from: 11, to: 20 })).rejects.toMatchObject(nothing);
    await expect(verify(ferry, { from: 11, sample: { ranges: 3, seed: 1 } })).rejects.toMatchObject(nothing);
  });

  test('Verify of a part of a stream finds what is missing at its ends', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 20) });
    await rewriteStream(ferry, (events) => void events.splice(9, 1));
    expect((await verify(ferry, { from: 10, to: 12 })).differences.byKind.missing).toBe(1);
    expect((await verify(ferry, { from: 5, to: 10 })).differences.byKind.missing).toBe(1);
    // The last event before position 11 is that of position 9, so the comparison begins behind it.
    expect(await verify(ferry, { from: 11, to: 12 })).toMatchObject({ equal: false, ranges: [{ from: 10 }] });
    const behind = await verify(ferry, { from: 12, to: 20 });
    expect(behind.ranges).toMatchObject([{ from: 12 }]);
    expect(behind.differences.byKind.missing).toBeUndefined();
  });

  test('Verify draws a sample by a seed, and the first and last positions are always in it', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 2_000) });
    const sample = { ranges: 5, seed: 3 };
    const report = await verify(ferry, { sample });
    expect(report).toMatchObject({ equal: true, sample });
    expect(report.ranges[0]?.from).toBe(1);
    expect(report.ranges.at(-1)?.to).toBe(2_000);
    expect(report.events.expected).toBeGreaterThan(200);
    expect(report.events.expected).toBeLessThanOrEqual(500);
    expect((await verify(ferry, { sample })).ranges).toEqual(report.ranges);
    await change(ferry, report.ranges[1]?.from ?? 0);
    expect((await verify(ferry, { sample })).differences.total).toBe(1);
  });

  test('Verify that is asked to stop reports what was compared and where the rest begins', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 2_000) });
    await change(ferry, 1_500);
    const stop = new AbortController();
    const cut = await verify(ferry, {
      stop: stop.signal,
      onProgress: ({ position }) => void (position > 700 && stop.abort()),
    });
    const to = cut.ranges[0]?.to ?? 0;
    expect(cut).toMatchObject({ equal: true, complete: false });
    expect(to).toBeGreaterThan(600);
    expect(to).toBeLessThan(1_500);
    expect(await verify(ferry, { from: to + 1 })).toMatchObject({
      equal: false,
      ranges: [{ from: to + 1, to: 2_000 }],
    });
  });
});
