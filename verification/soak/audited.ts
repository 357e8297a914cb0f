import { auditJournal, isExact, type Audit } from '../../dev/journalAudit.js';
import { startEventStore } from '../../dev/eventstore/eventStoreServer.js';
import { readJournal } from '../../dev/writer/journal.js';
import { loadConfig } from '../../src/config/config.js';
import { container, type World } from './world.js';

/**
 * Compares what the killed server has on its disk with the writer's journal. Then `eventferry verify` compares it with
 * the source.
 *
 * @throws Error that names what is wrong
 */
export async function audited(world: World): Promise<Audit> {
  const server = await startEventStore({ dir: world.serverDir });
  try {
    const settings = world.settings(server.connectionString);
    const { convert } = loadConfig(settings).config;
    const audit = await auditJournal(readJournal(world.journal), server.events(container), convert);
    if (!isExact(audit)) throw new Error(`The stream is not what the writer wrote:\n${audit.findings.join('\n')}`);
    const verified = await world.run('verify', ['verify'], settings);
    if (verified !== 0) throw new Error(`eventferry verify ended with ${verified}: see verify.log`);
    return audit;
  } finally {
    await server.stop();
  }
}
