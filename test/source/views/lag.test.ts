import { describe, expect, test } from 'vitest';

import { beginning } from '../../../src/core/cursor.js';
import { numberedRecords, tapeOf, type TapeRecord } from '../../support/stores/tapeWriter.js';
import { freshContainer, uploadChunk } from '../../support/stores/uploadStore.js';
import { never, openTapes, readAll } from '../openTapes.js';

const first = '00000000-2013-10-15-093000.dat';
const second = '00000010-2013-10-15-103000.dat';
const body = Buffer.from('{}');

describe('the lag of a cursor', () => {
  test('The lag of a cursor in an empty source is nothing', async () => {
    const container = await freshContainer();
    expect(await openTapes(container).lag(beginning, never)).toEqual({
      ...{ bytes: 0, events: 0, eventsExact: true },
      head: { chunk: '', bytes: 0 },
    });
  });

  test('The lag of a cursor counts the events of the last chunk, and not the zeros behind them', async () => {
    const container = await freshContainer();
    const records: TapeRecord[] = [
      ...numberedRecords(1, 2),
      {
        messages: [
          ['A', body],
          ['B', body],
          ['C', body],
        ],
      },
      { messages: [] },
      { payload: Buffer.from('opaque') },
    ];
    const tape = tapeOf(records);
    await uploadChunk(container, first, Buffer.concat([tape, Buffer.alloc(512 * 1024 - tape.length)]), 'page');
    const expected = { bytes: tape.length, events: 6, eventsExact: true, head: { chunk: first, bytes: 512 * 1024 } };
    expect(await openTapes(container).lag(beginning, never)).toEqual(expected);

    const source = openTapes(container);
    const { cursor } = await readAll(source);
    const none = { ...expected, bytes: 0, events: 0 };
    expect(await source.lag(cursor, never)).toEqual(none);
    expect(await openTapes(container).lag(cursor, never)).toEqual(none);
  });

  test('The lag of a cursor counts bytes exactly and events as an estimate over several chunks', async () => {
    const container = await freshContainer();
    const [older, last] = [tapeOf(numberedRecords(1, 10)), tapeOf(numberedRecords(11, 14))];
    await uploadChunk(container, first, older);
    await uploadChunk(container, second, last);
    const lag = await openTapes(container).lag(beginning, never);
    expect(lag).toMatchObject({ bytes: older.length + last.length, eventsExact: false, head: { chunk: second } });
    expect(lag.events).toBeGreaterThanOrEqual(10);

    for await (const { cursor } of openTapes(container, { readRecords: 10 }).read(beginning, never)) {
      if (cursor.position !== 11) continue;
      expect(await openTapes(container).lag(cursor, never)).toMatchObject({ bytes: last.length });
    }
  });

  test('The lag of a cursor counts a torn frame at the head as nothing to be read yet', async () => {
    const container = await freshContainer();
    const tape = tapeOf(numberedRecords(1, 3));
    await uploadChunk(container, first, tape.subarray(0, -5));
    expect(await openTapes(container).lag(beginning, never)).toMatchObject({ bytes: (tape.length / 3) * 2, events: 2 });
  });

  test('The lag of a cursor counts a bad frame and what follows it', async () => {
    const container = await freshContainer();
    const tape = tapeOf(numberedRecords(1, 3));
    tape[3] = 9;
    await uploadChunk(container, first, tape);
    const lag = await openTapes(container).lag(beginning, never);
    expect(lag).toMatchObject({ bytes: tape.length, eventsExact: false });
  });
});
