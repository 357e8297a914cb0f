import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { request } from 'node:http';
import { describeInBrowser } from '../support/services/browser.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { eventually } from '../support/waits.js';
import { course, lookAtFerry, serve, serveFerry, stoppedFerry } from './pages.js';

const server = sharedEmbeddedServer();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; help: string }[] }> };
    };
    return (await axe.run()).violations.map(({ id, help }) => `${id}: ${help}`);
  });
}

describeInBrowser('The status page in a browser', (open) => {
  test('The status page shows where replication is, where in the chunks, and the last runs', async () => {
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

  test.each(['light', 'dark'] as const)('The status page passes the accessibility checks, %s', async (colorScheme) => {
    const { url } = await lookAtFerry(server(), (data) => ({ ...data, history: course() }));
    const { page, picture } = await open(url, { colorScheme });
    await page.locator('details summary').click();
    expect(await violations(page)).toEqual([]);
    await page.locator('details summary').click();
    if (colorScheme === 'dark') await picture('dark');
  });

  test('The status page can be used with the keyboard alone', async () => {
    const { url } = await lookAtFerry(server());
    const { page } = await open(url);
    const reached: string[] = [];
    for (let tabs = 0; tabs < 4; tabs += 1) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate('document.activeElement.tagName'));
      if (reached.at(-1) === 'SUMMARY') await page.keyboard.press('Enter');
    }
    expect(reached).toEqual(['SELECT', 'SUMMARY', 'DIV', 'DIV']);
    expect(await page.locator('#course-rows').isVisible()).toBe(true);
  });

  test('The status page fits a phone, whatever is wrong', async () => {
    const { url } = await serveFerry(await stoppedFerry(server()));
    const { page, complaints, picture } = await open(url, {
      viewport: { width: 360, height: 740 },
      deviceScaleFactor: 2,
      isMobile: true,
      hasTouch: true,
    });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(complaints).toEqual([]);
    await picture('phone');
  });

  test('The status page shows a stop with what to do', async () => {
    const { url } = await serveFerry(await stoppedFerry(server()));
    const { page, complaints, picture } = await open(url);
    expect(await page.getByRole('status').textContent()).toBe('Stopped: a person must decide');
    const told = await page.getByRole('alert').innerText();
    expect(told).toMatch(/^Stopped since .*: TargetConflict/);
    expect(told).toMatch(
      /What to do: Find the other writer and stop it. If the last event of the stream is foreign, or a copy of an earlier one, `eventferry accept --revision N`/,
    );
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await picture('stop');
  });

  test('The status page asks every 10 s, and not while it is hidden', async () => {
    const { url } = await lookAtFerry(server());
    const { page, asked, pass } = await open(url);
    expect(asked()).toBe(1);
    await pass(10_000);
    await eventually('the next poll of the page', () => expect(asked()).toBe(2));
    await page.locator('#updated').waitFor();
    await setVisibility(page, 'hidden');
    await pass(60_000);
    expect(asked()).toBe(2);
    await setVisibility(page, 'visible');
    await eventually('a poll of the page that is seen again', () => expect(asked()).toBe(3));
  });

  test('The status page turns red when its own server is gone', async () => {
    const dashboard = await lookAtFerry(server());
    const { page, pass } = await open(dashboard.url);
    await dashboard.close();
    await pass(10_000);
    await page.locator('body[data-state=lost]').waitFor();
    expect(await page.getByRole('alert').innerText()).toMatch(
      /^No answer\s+The page got no answer: .*What is below was true at/,
    );
  });

  test('The status page shows settings that are wrong', async () => {
    const status = { healthy: false, problems: ['SOURCE_CONTAINER expected a container name'] };
    const { url } = await serve(() => Promise.resolve({ now: new Date().toISOString(), status, history: [] }));
    const { page, complaints } = await open(url);
    expect(await page.getByRole('alert').innerText()).toContain('SOURCE_CONTAINER expected a container name');
    expect(complaints).toEqual([]);
  });

  test('The status page shows how many messages are in quarantine', async () => {
    const quarantine = { container: 'set-aside', messages: 7 };
    const { url } = await lookAtFerry(server(), (data) => ({ ...data, status: { ...data.status, quarantine } }));
    const { page } = await open(url);
    expect(await page.locator('#now').innerText()).toMatch(/In quarantine\s+7 messages\s+container set-aside/);
  });

  test('The status page shows text of a store as text', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    const { url } = await lookAtFerry(server(), (data) => ({
      ...data,
      status: { ...data.status, healthy: false, problems: [evil] },
    }));
    const { page, complaints } = await open(url);
    expect(await page.getByRole('alert').innerText()).toContain(evil);
    expect(await page.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});

async function setVisibility(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
}

describe('The server of the status page', () => {
  test('The server of the status page does not answer under another host name', async () => {
    const { url } = await lookAtFerry(server());
    const status = await new Promise((resolve, reject) => {
      request(url, { headers: { host: 'rebound.example' } }, (answer) => resolve(answer.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });
});
