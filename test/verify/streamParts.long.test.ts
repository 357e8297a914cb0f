import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { type Ferry, numbered } from '../support/ferry.js';
import { changeBody, first, openFerryWith, verify } from './verifiedFerry.js';

const server = sharedEmbeddedServer();
const ferryWith = (chunks: Parameters<typeof openFerryWith>[1]): Promise<Ferry> => openFerryWith(server(), chunks);

describe('a part of a stream', () => {
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
    await changeBody(ferry, report.ranges[1]?.from ?? 0);
    expect((await verify(ferry, { sample })).differences.total).toBe(1);
  });

  test('Verify that is asked to stop reports what was compared and where the rest begins', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 2_000) });
    await changeBody(ferry, 1_500);
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
