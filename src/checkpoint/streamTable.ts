import { odata, type TableClient } from '@azure/data-tables';

import type { CheckpointStore, NamedStream, StoredRow, StreamTable } from './checkpoint.js';
import { keysOf } from './entity.js';
import { answerWithinMs, connectTable, statusOf, tableFailure, type TableOptions } from './tableConnection.js';

/**
 * The streams that a container fills, a row each in a partition of the container's own, beside the checkpoint rows.
 * Contacts nothing until it is used.
 *
 * @param container its name, with that of its account
 */
export function tableOfStreams(options: TableOptions, container: string): StreamTable {
  const { source, stream } = options;
  const own = keysOf(source, stream);
  // No checkpoint row has such keys: in a key of ours `=` is always followed by two hex digits or `sha256`.
  const partitionKey = `=container=${keysOf(container, '').partitionKey}`;
  const rowKey = `${own.partitionKey}=stream=${own.rowKey}`;
  let client: TableClient | undefined;
  const terms = (abortSignal?: AbortSignal) => ({
    requestOptions: { timeout: answerWithinMs(options) },
    ...(abortSignal && { abortSignal }),
  });
  return {
    note: async (signal) => {
      client ??= connectTable(options);
      try {
        await client.upsertEntity({ partitionKey, rowKey, source, stream }, 'Replace', terms(signal));
      } catch (error) {
        throw tableFailure(error, options);
      }
    },
    underOtherIds: async (signal) => {
      client ??= connectTable(options);
      const filter = odata`PartitionKey eq ${partitionKey}`;
      const others: NamedStream[] = [];
      try {
        for await (const row of client.listEntities({ queryOptions: { filter }, ...terms(signal) })) {
          if (row['source'] !== source) others.push({ source: String(row['source']), stream: String(row['stream']) });
        }
      } catch (error) {
        if (statusOf(error) === 404) return []; // there is no table yet
        throw tableFailure(error, options);
      }
      return others;
    },
  };
}

/**
 * A store that notes in the table, once in its life, that the container fills the stream, as soon as the row names an
 * event of it. That is for people, so it may fail: another process notes it.
 */
export function notingStream(store: CheckpointStore, streams: StreamTable): CheckpointStore {
  let isNoted = false;
  const written = async (stored: StoredRow, signal?: AbortSignal): Promise<StoredRow> => {
    if (!isNoted && stored.row.confirmed) {
      isNoted = true;
      await streams.note(signal).catch(() => undefined);
    }
    return stored;
  };
  return {
    load: (signal) => store.load(signal),
    insert: async (row, signal) => written(await store.insert(row, signal), signal),
    replace: async (row, etag, signal) => written(await store.replace(row, etag, signal), signal),
  };
}
