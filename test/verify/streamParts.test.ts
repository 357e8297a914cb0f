import { describe, expect, test } from 'vitest';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { type Ferry, numbered } from '../support/ferry.js';
import { rewriteStream } from '../support/rewriteStream.js';
import { changeBody, first, openFerryWith, verify } from './verifiedFerry.js';

const server = sharedEmbeddedServer();
const ferryWith = (chunks: Parameters<typeof openFerryWith>[1]): Promise<Ferry> => openFerryWith(server(), chunks);

describe('a part of a stream', () => {
  test('Verify compares a part of a stream from one position to another', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 60) });
    await changeBody(ferry, 30);
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
});
