import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { dashboardPageModule, dashboardPagePath } from '../../dev/pages/dashboardPage.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { lookAtFerry } from './pages.js';

const server = sharedEmbeddedServer();

// The page in a browser: `page.long.test.ts`.

test('The committed status page is what its parts and the chart library make; `npm run docs` writes it', () => {
  expect(readFileSync(dashboardPagePath, 'utf8').replaceAll('\r\n', '\n')).toBe(dashboardPageModule());
});

describe('The server of the status page', () => {
  test('The server of the status page answers only its page and its data, and only to this machine', async () => {
    const { url } = await lookAtFerry(server());
    expect(new URL(url).hostname).toBe('127.0.0.1');
    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'sha256-/);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(await (await fetch(`${url}data`)).json()).toMatchObject({ status: { healthy: true }, history: [{}] });
    expect((await fetch(`${url}elsewhere`)).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });
});
