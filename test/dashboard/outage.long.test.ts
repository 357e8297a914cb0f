import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';

import { startLaptop, type Laptop } from '../../dev/laptop.js';
import type { DashboardData } from '../../src/dashboard/data.js';
import type { Status } from '../../src/engine/report/status.js';
import type { Notice } from '../../src/notify/notice.js';
import { describeInBrowser, type OpenPage } from '../support/services/browser.js';
import { eventually } from '../support/waits.js';
import { webReceiver } from '../support/services/webReceiver.js';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What `npm run dev` starts, and the address of its page. */
async function startDev(): Promise<{
  readonly laptop: Laptop;
  readonly url: string;
  /** What people were told. */
  readonly told: () => string[];
}> {
  const laptop = await startLaptop();
  const port = await freePort();
  const writer = laptop.startWriter(['--rate', '50'], { output: 'ignore' });
  const people = await webReceiver();
  const env = { NOTIFY_WEBHOOK_URL: people.url };
  const replicator = laptop.startReplicator({ output: 'ignore', env }, ['--dashboard', String(port)]);
  onTestFinished(async () => {
    await Promise.all([writer.stop(), replicator.stop()]);
    await laptop.stop();
  });
  const url = `http://127.0.0.1:${port}/`;
  await eventually('the dashboard of a healthy replicator', async () =>
    expect(await look(url)).toMatchObject({ healthy: true }),
  );
  const told = () => people.requests.map(({ body }) => (JSON.parse(body) as Notice).event);
  return { laptop, url, told };
}

async function look(url: string): Promise<Partial<Status>> {
  try {
    return ((await (await fetch(`${url}data`)).json()) as DashboardData).status;
  } catch {
    return {};
  }
}

/** Lets the page ask once, and gives what it then shows as the lag, in events. */
async function lagAtNextPoll({ page, pass }: OpenPage): Promise<number> {
  const shownAt = () => page.locator('#updated').getAttribute('datetime');
  const before = await shownAt();
  await pass(10_000);
  await eventually('the page to show its next poll', async () => expect(await shownAt()).not.toBe(before));
  const lag = await page.locator('#now div').filter({ hasText: 'Lag' }).locator('dd').innerText();
  return Number(/([\d,]+) event/.exec(lag)?.[1]?.replaceAll(',', ''));
}

describeInBrowser('The status page while the server is away', (open) => {
  test('The status page shows an outage and its end within one poll each, with the lag rising and falling; people are told twice', async () => {
    const { laptop, url, told } = await startDev();
    const opened = await open(url);
    const { page, complaints, picture } = opened;
    const state = () => page.locator('body').getAttribute('data-state');
    expect(['well', 'behind']).toContain(await state());

    await laptop.eventStore.stop();
    await eventually('the outage to be noticed', async () =>
      expect(await look(url)).toMatchObject({ outage: { failure: { kind: 'TargetUnreachable' } } }),
    );
    const lags = [await lagAtNextPoll(opened)];
    expect(await state()).toBe('outage');
    expect(await page.getByRole('alert').innerText()).toMatch(
      /^Outage since .*: TargetUnreachable[^]*What to do: Check that the server runs/,
    );
    for (let polls = 0; polls < 3; polls += 1) {
      const before = (await look(url)).lag?.events ?? 0;
      await eventually('a lag that has grown by 20 events', async () =>
        expect((await look(url)).lag?.events).toBeGreaterThan(before + 20),
      );
      lags.push(await lagAtNextPoll(opened));
    }
    expect(lags).toEqual([...lags].sort((one, other) => one - other));
    expect(new Set(lags).size).toBe(lags.length);
    await picture('outage');
    expect(told()).toEqual(['outage-began']);

    await laptop.eventStore.start();
    await eventually('the end of the outage', async () => expect(await look(url)).toMatchObject({ healthy: true }));
    const after = await lagAtNextPoll(opened);
    expect(after).toBeLessThan(lags.at(-1) ?? 0);
    expect(['well', 'behind']).toContain(await state());
    expect(await page.locator('#trouble').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    await eventually('people to be told of the end', () => expect(told()).toEqual(['outage-began', 'outage-ended']));
  });
});
