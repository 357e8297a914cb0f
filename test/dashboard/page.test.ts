import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';

import { dashboardPageModule, dashboardPagePath } from '../../dev/dashboardPage.js';
import { describeInBrowser } from '../support/browser.js';
import { sharedEmbeddedServer } from '../support/embeddedServer.js';
import { course, lookAtFerry } from './pages.js';

const server = sharedEmbeddedServer();

test('The page is what its parts and the chart library make; `npm run docs` writes it', () => {
  expect(readFileSync(dashboardPagePath, 'utf8').replaceAll('\r\n', '\n')).toBe(dashboardPageModule());
});

/** A sample of `page.long.test.ts`. */
describeInBrowser('The status page in a browser', (open) => {
  test('shows where replication is, where in the chunks, and the last runs', async () => {
    const { url } = await lookAtFerry(server(), (data) => ({ ...data, history: course() }));
    const { page, complaints, picture } = await open(url);
    expect(await page.getByRole('status').textContent()).toBe('Up to date');
    const now = await page.locator('#now').innerText();
    expect(now).toMatch(/Lag\s+0 events\s+nothing to replicate/);
    expect(now).toMatch(/Confirmed\s+position 500\s+revision 499 of stream/);
    expect(await page.locator('#chunks-summary').textContent()).toMatch(/^In chunk 2 of 2; .* are read\.$/);
    expect(await page.locator('#chunks li').count()).toBe(2);
    expect(await page.locator('#runs tr').first().innerText()).toMatch(/caught-up\s+500$/);
    expect(await page.locator('#lag-chart canvas').count()).toBe(1);
    expect(await page.locator('#lag-chart').getAttribute('aria-label')).toMatch(
      /^Lag, events in the last 3 hours: now /,
    );
    expect(await page.locator('#trouble').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
    await picture('normal');
  });
});

describe('The server of the status page', () => {
  test('answers nothing but its page and its data, and only to this machine', async () => {
    const { url } = await lookAtFerry(server());
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(await (await fetch(`${url}data`)).json()).toMatchObject({ status: { healthy: true }, history: [{}] });
    expect((await fetch(`${url}elsewhere`)).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  test('does not answer to another name', async () => {
    const { url } = await lookAtFerry(server());
    const status = await new Promise((resolve, reject) => {
      request(url, { headers: { host: 'rebound.example' } }, (answer) => resolve(answer.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });
});
