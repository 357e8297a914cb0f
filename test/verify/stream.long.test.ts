import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isExact, auditJournal } from '../../dev/journalAudit.js';
import { writeSamples } from '../../dev/sampleWriter.js';
import { readJournal } from '../../dev/writer/journal.js';
import { azuriteConnectionString } from '../support/services/azurite.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';
import { freshFolder } from '../support/freshFolder.js';
import { expectEqual, first, live, openFerryWith } from './verifiedFerry.js';

const server = sharedEmbeddedServer();
const ferryWith = (chunks: Parameters<typeof openFerryWith>[1]): Promise<Ferry> => openFerryWith(server(), chunks);

describe('a stream is equal', () => {
  test('Verify finds a stream equal while a replicator goes on', async () => {
    const ferry = await ferryWith({ [first]: numbered(1, 10) });
    const stop = new AbortController();
    const running = ferry
      .replicator({ READ_RECORDS: '5' })
      .run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'fail' });
    for (let more = 20; more <= 100; more += 20) {
      await ferry.write(first, numbered(1, more));
      const { confirmed } = await expectEqual(ferry);
      expect(confirmed.position).toBeGreaterThanOrEqual(10);
    }
    stop.abort();
    await running;
  });
});

describe('held against the journal of the writer', () => {
  async function written(): Promise<{ ferry: Ferry; journal: string; chunks: string[] }> {
    const ferry = await Ferry.open(server());
    const journal = join(freshFolder(), 'journal.ndjson');
    const { containerName: container } = ferry.container;
    const writing = { connectionString: azuriteConnectionString(), container, journal, appendsPerWrite: 50 };
    for (const records of [200, 400]) await writeSamples({ ...writing, records }, live);
    const chunks: string[] = [];
    for await (const { name } of ferry.container.listBlobsFlat()) chunks.push(name);
    return { ferry, journal, chunks };
  }

  test('Verify comes to the same result as the journal of the writer', async () => {
    const { ferry, journal } = await written();
    await ferry.run();
    const { events } = await expectEqual(ferry);
    const audit = await auditJournal(readJournal(journal), ferry.events(), ferry.config().convert);
    expect(isExact(audit)).toBe(true);
    expect(events).toMatchObject({ expected: audit.events, stored: audit.events, equal: audit.events });
  });

  test('Verify against the source alone does not see what is gone there: only the journal does', async () => {
    const { ferry, journal, chunks } = await written();
    await ferry.container.deleteBlob(chunks.at(-1) ?? '');
    await ferry.run();
    await expectEqual(ferry);
    const { differences } = await auditJournal(readJournal(journal), ferry.events(), ferry.config().convert);
    expect(differences.missing).toBeGreaterThan(0);
  });
});
