import { expect, onTestFinished, test } from 'vitest';

import { dashboardData } from '../../src/dashboard/data.js';
import { startDashboard } from '../../src/dashboard/server.js';
import { describeInBrowser } from '../support/services/browser.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { hangingRun } from '../support/faults/hangingRun.js';
import { parts } from '../support/faults/road.js';

const server = sharedEmbeddedServer();

describeInBrowser('The status page of another process', (open) => {
  test.each(parts)(
    'The status page turns red at its next poll when a call to the %s is never answered',
    async (part) => {
      const { other, clock, hang } = await hangingRun(server(), part);
      const dashboard = await startDashboard(0, () => dashboardData(other, clock));
      onTestFinished(() => dashboard.close());
      const { page, pass, complaints } = await open(dashboard.url);
      expect(await page.locator('body').getAttribute('data-state')).toBe('well');

      await hang();
      await pass(10_000);
      await page.locator('body[data-state=trouble]').waitFor();
      expect(await page.getByRole('alert').innerText()).toMatch(/No run has reported since/);
      expect(complaints).toEqual([]);
    },
  );
});
