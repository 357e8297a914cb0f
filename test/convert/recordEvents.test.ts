import { describe, expect, test } from 'vitest';

import { createConvert, maxRepeatedBytes, type ConvertOptions } from '../../src/convert/convert.js';
import { eventIdOf, parseMark } from '../../src/convert/eventIdAndMark.js';
import { createPlaceholder, placeholderFacts, quarantinedType } from '../../src/convert/placeholder.js';
import { EventsOnDemand } from '../../src/convert/recordEvents.js';
import type { SourceRecord } from '../../src/core/record.js';
import { message, sourceRecord } from './sourceRecord.js';

const options: ConvertOptions = {
  sourceId: 'billing',
  excludeKeys: [],
  bodyMode: 'auto',
  typeMap: {},
  stripNamespaces: [],
  settings: '89abcdef',
};

/** A record whose attributes have one value of so many bytes. */
function recordWith(messages: number, attributeBytes = 0): SourceRecord {
  return sourceRecord({
    payload: {
      kind: 'batch',
      attributes: attributeBytes > 0 ? [['a', 'x'.repeat(attributeBytes)]] : [],
      messages: Array.from({ length: messages }, (_, index) => message(`Type${index % 3}`, `{"n":${index}}`)),
    },
  });
}

function onDemand(record: SourceRecord): EventsOnDemand {
  const events = createConvert(options)(record);
  return events instanceof EventsOnDemand ? events : expect.fail('the events were made at once');
}

describe('Events of a record that are many or large', () => {
  test.each([
    ['many messages', recordWith(1_100)],
    ['large attributes', recordWith(200, 5_000)],
  ])('The events of a record with %s are those that its messages make, whenever they are asked for', (_, record) => {
    const events = onDemand(record);
    const all = [...events];
    expect(all).toHaveLength(events.length);
    for (const [index, { id, data, metadata, mark }] of all.entries()) {
      expect(mark).toMatchObject({ index, count: events.length });
      expect(parseMark(metadata)).toStrictEqual(mark);
      expect(eventIdOf(mark)).toBe(id);
      expect(Buffer.from(data).toString()).toBe(`{"n":${index}}`);
    }
    expect(events.at(17)).toEqual(all[17]);
    expect(events.at(17)).not.toBe(events.at(17));
    expect(events.at(events.length)).toBeUndefined();
  });

  test('The rest of events on demand keeps the index that each has in its record, also when each is changed', () => {
    const rest = onDemand(recordWith(1_100)).slice(1_090);
    const changed = rest.map((event) => ({ ...event, type: `${event.type}!` }));
    expect([rest.length, changed.length]).toEqual([10, 10]);
    expect(rest.at(2)?.mark.index).toBe(1_092);
    expect(changed.slice(3).at(0)).toMatchObject({ type: 'Type1!', mark: { index: 1_093 } });
    expect(Array.from(changed, ({ mark }) => mark.index)).toEqual(Array.from({ length: 10 }, (_, at) => 1_090 + at));
  });

  test('The few events of an ordinary record are made at once', () => {
    expect(createConvert(options)(recordWith(100, 1_000))).toBeInstanceOf(Array);
  });
});

describe('A record that repeats its key and attributes in too many events', () => {
  const count = 2_048;
  const most = maxRepeatedBytes / count - Buffer.byteLength(`customer-12${JSON.stringify([['a', '']])}`);

  test('A record makes events up to 1 GiB of repeated key and attributes', () => {
    expect(onDemand(recordWith(count, most)).at(count - 1)).toMatchObject({ mark: { index: count - 1 } });
  });

  test('A record that would repeat more than 1 GiB of key and attributes is refused before it makes an event', () => {
    const events = onDemand(recordWith(count, most + 1));
    expect(events).toHaveLength(count);
    for (const index of [0, count - 1]) {
      expect(() => events.at(index)).toThrow(
        expect.objectContaining({
          kind: 'EventTooLarge',
          facts: expect.objectContaining({ position: 1234, count, limit: maxRepeatedBytes }) as object,
        }) as Error,
      );
    }
  });

  test('Each message of a record that would repeat more than 1 GiB is set aside where that is the setting', () => {
    const placeholder = createPlaceholder(options.sourceId, options.settings);
    const events = createConvert({ ...options, placeholder })(recordWith(count, most + 1));
    expect(events).toHaveLength(count);
    for (const index of [0, count - 1]) {
      const event = events.at(index) ?? expect.fail('there is no event');
      expect(event).toMatchObject({ type: quarantinedType, mark: { index, count, quarantined: true } });
      expect(placeholderFacts(event)).toMatchObject({ kind: 'EventTooLarge' });
      expect(event.metadata.length + event.data.length).toBeLessThan(2_000);
      expect(Buffer.from(event.setAside?.body ?? []).toString()).toBe(`{"n":${index}}`);
    }
  });
});
