import { odata, type TableClient } from '@azure/data-tables';

import type { LagHistory, LagSample } from './checkpoint.js';
import { keysOf } from './entity.js';
import { answerWithinMs, connectTable, statusOf, tableFailure, type TableOptions } from './tableConnection.js';

/** A minute of one day takes the place of the same minute of the half day before: at most so many rows. */
const maxSamples = 720;
const minuteMs = 60_000;

/**
 * The samples of the last twelve hours, a row each beside the checkpoint row, in a ring: a row is written over when its
 * turn comes again, so nothing is ever deleted and the rows do not grow in number. Contacts nothing until it is used.
 */
export function tableLagHistory(options: TableOptions): LagHistory {
  const { partitionKey, rowKey } = keysOf(options.source, options.stream);
  // No other row begins so: in a key of ours `=` is always followed by two hex digits or `sha256`.
  const prefix = `${rowKey}=lag=`;
  let client: TableClient | undefined;
  const terms = (abortSignal: AbortSignal) => ({ abortSignal, requestOptions: { timeout: answerWithinMs(options) } });
  return {
    add: async ({ at, lag, position, revision, well }, signal) => {
      client ??= connectTable(options);
      const slot = Math.floor(Date.parse(at) / minuteMs) % maxSamples;
      const sample = { at, ...lag, position: BigInt(position), revision: BigInt(revision), well };
      const row = { ...sample, bytes: BigInt(lag.bytes), events: BigInt(lag.events) };
      try {
        await client.upsertEntity(
          { partitionKey, rowKey: `${prefix}${String(slot).padStart(3, '0')}`, ...row },
          'Replace',
          terms(signal),
        );
      } catch (error) {
        throw tableFailure(error, options);
      }
    },
    recent: async (signal) => {
      client ??= connectTable(options);
      const filter = odata`PartitionKey eq ${partitionKey} and RowKey ge ${prefix} and RowKey lt ${`${rowKey}=lag>`}`;
      const samples: LagSample[] = [];
      try {
        for await (const row of client.listEntities({ queryOptions: { filter }, ...terms(signal) })) {
          samples.push(sampleOf(row));
        }
      } catch (error) {
        if (statusOf(error) === 404) return []; // there is no table yet
        throw tableFailure(error, options);
      }
      return samples.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
    },
  };
}

function sampleOf(row: Readonly<Record<string, unknown>>): LagSample {
  const number = (name: string) => Number(row[name]);
  return {
    at: String(row['at']),
    lag: {
      bytes: number('bytes'),
      events: number('events'),
      eventsExact: row['eventsExact'] === true,
      seconds: number('seconds'),
    },
    position: number('position'),
    revision: number('revision'),
    well: row['well'] === true,
  };
}
