import { describe, expect, onTestFinished, test } from 'vitest';

import { sharedEmbeddedServer } from '../support/embeddedServer.js';
import { azuriteConnectionString } from '../support/azurite.js';
import { Ferry, numbered } from '../support/ferry.js';
import { mutableRoad, type MutableRoad } from '../support/mutableRoad.js';
import { SteppingClock } from '../support/steppingClock.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';

/** The connection string by way of a road to one of its services. */
async function storageBy(service: 'Blob' | 'Table'): Promise<{ readonly road: MutableRoad; readonly storage: string }> {
  const direct = azuriteConnectionString();
  const port = new RegExp(`${service}Endpoint=http://127\\.0\\.0\\.1:(\\d+)`).exec(direct)?.[1] ?? '';
  const road = await mutableRoad(Number(port));
  return { road, storage: direct.replaceAll(`127.0.0.1:${port}`, `127.0.0.1:${road.port}`) };
}

/** What a run uses, by a road that can fall silent. */
const roads = {
  source: async () => {
    const { road, storage } = await storageBy('Blob');
    return { road, settings: { SOURCE_STORAGE: storage } };
  },
  checkpoint: async () => {
    const { road, storage } = await storageBy('Table');
    return { road, settings: { CHECKPOINT_STORAGE: storage } };
  },
  target: async () => {
    const road = await mutableRoad(server().port);
    return { road, settings: { EVENTSTORE_CONNECTION_STRING: `esdb://127.0.0.1:${road.port}?tls=false` } };
  },
};

describe.each(['source', 'target', 'checkpoint'] as const)('A call to the %s that is never answered', (part) => {
  test('turns status red in every other process within three minutes, and staleness counts', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write(chunk, numbered(1, 3));
    const { road, settings } = await roads[part]();
    const stop = new AbortController();
    let goOn: () => void = () => undefined;
    const clock = new SteppingClock(() => new Promise((resolve) => (goOn = resolve)));
    const runner = ferry.replicator(settings, clock);
    const run = runner.run({ stop: stop.signal, whenCaughtUp: 'wait', onOutage: 'wait' });
    onTestFinished(async () => {
      const ticking = setInterval(() => goOn(), 10);
      stop.abort();
      road.mute = false;
      road.cut();
      await runner.close();
      await run.catch(() => undefined);
      clearInterval(ticking);
    });
    const other = ferry.replicator(
      {},
      {
        now: () => clock.now(),
        sleep: () => Promise.resolve(),
        after: (ms, callback) => clock.after(ms, callback),
      },
    );
    const look = () => other.status(AbortSignal.timeout(5_000));
    await expect.poll(async () => (goOn(), (await look()).checkpoint.confirmedPosition), { timeout: 10_000 }).toBe(3);
    await expect.poll(async () => (goOn(), (await look()).healthy), { timeout: 10_000 }).toBe(true);

    road.mute = true;
    await ferry.write(chunk, numbered(1, 9));
    goOn();
    clock.advance(181_000);
    const { healthy, problems, staleSeconds, lag } = await look();
    expect(healthy).toBe(false);
    expect(problems.join()).toMatch(/No run has reported since/);
    expect(staleSeconds).toBeGreaterThan(180);
    expect(lag).toMatchObject({ events: 6 });
  });
});
