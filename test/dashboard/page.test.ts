import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { jsonEvent } from '@eventstore/db-client';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';

import { dashboardPageModule, dashboardPagePath } from '../../dev/dashboardPage.js';
import { systemClock } from '../../src/clock.js';
import { dashboardData, type DashboardData } from '../../src/dashboard/dashboardData.js';
import { startDashboard, type DashboardServer } from '../../src/dashboard/dashboardServer.js';
import type { LagSample } from '../../src/checkpoint/checkpoint.js';
import { describeInBrowser } from '../support/browser.js';
import { sharedEmbeddedServer } from '../support/embeddedServer.js';
import { Ferry, numbered } from '../support/ferry.js';

const server = sharedEmbeddedServer();
const chunk = '00000001-2013-10-15-093000.dat';
const { signal } = new AbortController();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

test('the page is what its parts and the chart library make; `npm run docs` writes it', () => {
  expect(readFileSync(dashboardPagePath, 'utf8').replaceAll('\r\n', '\n')).toBe(dashboardPageModule());
});

async function serve(ask: () => Promise<DashboardData>): Promise<DashboardServer> {
  const dashboard = await startDashboard(0, ask);
  onTestFinished(() => dashboard.close());
  return dashboard;
}

/** The page of a ferry, as `eventferry run --dashboard` serves it. */
async function serveFerry(ferry: Ferry): Promise<DashboardServer> {
  const replicator = ferry.replicator({}, systemClock);
  return serve(() => dashboardData(replicator, systemClock));
}

/** One look at a source that is all replicated, for what a test changes about it. */
async function lookAtFerry(change: (data: DashboardData) => DashboardData = (data) => data): Promise<DashboardServer> {
  const ferry = await Ferry.open(server());
  await ferry.write(chunk, numbered(1, 300));
  await ferry.write('00000301-2013-10-15-103000.dat', numbered(301, 500));
  const replicator = ferry.replicator({}, systemClock);
  await replicator.run({ stop: signal, whenCaughtUp: 'exit', onOutage: 'fail' });
  return serve(async () => change(await dashboardData(replicator, systemClock)));
}

/** A course of three hours with an outage in it. */
function course(): LagSample[] {
  const start = Date.now() - 180 * 60_000;
  return Array.from({ length: 180 }, (_, minute) => {
    const away = minute >= 60 && minute < 90;
    const events = away ? (minute - 60) * 400 : minute < 100 && minute >= 90 ? (100 - minute) * 1200 : (minute % 7) * 3;
    const lag = { bytes: events * 350, events, eventsExact: !away, seconds: away ? (minute - 60) * 60 : 0 };
    const position = 10_000 + (minute < 60 ? minute * 400 : away ? 24_000 : minute * 400);
    return { at: new Date(start + minute * 60_000).toISOString(), lag, position, revision: position * 3, well: !away };
  });
}

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
  test('shows where replication is, where in the chunks, and the last runs', async () => {
    const { url } = await lookAtFerry((data) => ({ ...data, history: course() }));
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

  test.each(['light', 'dark'] as const)('can be used by everyone, %s', async (colorScheme) => {
    const { url } = await lookAtFerry((data) => ({ ...data, history: course() }));
    const { page, picture } = await open(url, { colorScheme });
    await page.locator('details summary').click();
    expect(await violations(page)).toEqual([]);
    await page.locator('details summary').click();
    if (colorScheme === 'dark') await picture('dark');
  });

  test('can be used with the keyboard alone', async () => {
    const { url } = await lookAtFerry();
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

  test('fits a phone, whatever is wrong', async () => {
    const { url } = await serveFerry(await stoppedFerry());
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

  test('shows a stop with what to do', async () => {
    const { url } = await serveFerry(await stoppedFerry());
    const { page, complaints, picture } = await open(url);
    expect(await page.getByRole('status').textContent()).toBe('Stopped: a person must decide');
    const told = await page.getByRole('alert').innerText();
    expect(told).toMatch(/^Stopped since .*: TargetConflict/);
    expect(told).toMatch(
      /What to do: Find out who else writes to the stream. If its last event is theirs, `eventferry accept --revision N`/,
    );
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await picture('stop');
  });

  test('asks every 10 s, and not while it is hidden', async () => {
    const { url } = await lookAtFerry();
    const { page, asked, pass } = await open(url);
    expect(asked()).toBe(1);
    await pass(10_000);
    await expect.poll(asked).toBe(2);
    await page.locator('#updated').waitFor();
    await setVisibility(page, 'hidden');
    await expect.poll(async () => (await pass(60_000), asked())).toBe(2);
    await setVisibility(page, 'visible');
    await expect.poll(asked).toBe(3);
  });

  test('turns red when its own server is gone', async () => {
    const dashboard = await lookAtFerry();
    const { page, pass } = await open(dashboard.url);
    await dashboard.close();
    await pass(10_000);
    await page.locator('body[data-state=lost]').waitFor();
    expect(await page.getByRole('alert').innerText()).toMatch(
      /^No answer\s+This page could not ask.*What is below was true at/,
    );
  });

  test('shows settings that are wrong', async () => {
    const status = { healthy: false, problems: ['SOURCE_CONTAINER expected a container name'] };
    const { url } = await serve(() => Promise.resolve({ now: new Date().toISOString(), status, history: [] }));
    const { page, complaints } = await open(url);
    expect(await page.getByRole('alert').innerText()).toContain('SOURCE_CONTAINER expected a container name');
    expect(complaints).toEqual([]);
  });

  test('shows how many messages are in quarantine', async () => {
    const quarantine = { container: 'set-aside', messages: 7 };
    const { url } = await lookAtFerry((data) => ({ ...data, status: { ...data.status, quarantine } }));
    const { page } = await open(url);
    expect(await page.locator('#now').innerText()).toMatch(/In quarantine\s+7 messages\s+container set-aside/);
  });

  test('shows text of a store as text', async () => {
    const evil = '<img src=x onerror=alert(1)>';
    const { url } = await lookAtFerry((data) => ({
      ...data,
      status: { ...data.status, healthy: false, problems: [evil] },
    }));
    const { page, complaints } = await open(url);
    expect(await page.getByRole('alert').innerText()).toContain(evil);
    expect(await page.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });
});

async function stoppedFerry(): Promise<Ferry> {
  const ferry = await Ferry.open(server());
  await ferry.write(chunk, numbered(1, 30));
  const order = { stop: signal, whenCaughtUp: 'exit', onOutage: 'fail' } as const;
  const replicator = ferry.replicator({}, systemClock);
  await replicator.run(order);
  await ferry.client().appendToStream(ferry.stream, jsonEvent({ type: 'Foreign', data: {} }));
  await ferry.write(chunk, numbered(1, 40));
  await replicator.run(order).catch(() => undefined);
  return ferry;
}

async function setVisibility(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
}

describe('The server of the status page', () => {
  test('answers nothing but its page and its data, and only to this machine', async () => {
    const { url } = await lookAtFerry();
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(await (await fetch(`${url}data`)).json()).toMatchObject({ status: { healthy: true }, history: [{}] });
    expect((await fetch(`${url}elsewhere`)).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  test('does not answer to another name', async () => {
    const { url } = await lookAtFerry();
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      request(url, { headers: { host: 'rebound.example' } }, (answer) => resolve(answer.statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(421);
  });
});
