import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';

const chromiumPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const artifacts = fileURLToPath(new URL('../../../artifacts/dashboard/', import.meta.url));

/** A page that is open in a real browser, and the errors that it caused. */
export interface OpenPage {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, and requests to anywhere but the page's own server. */
  readonly complaints: string[];
  /** How many requests for data the page has sent so far. */
  readonly asked: () => number;
  /** Moves the page's clock on by `ms`; timers that become due ring. */
  readonly pass: (ms: number) => Promise<void>;
  /** Saves a screenshot of the whole page as a test artifact. */
  readonly picture: (name: string) => Promise<void>;
}

/** Runs tests in a real, headless Chromium. Without Chromium the tests are skipped, and a line on stderr says so. */
export function describeInBrowser(name: string, tests: (open: OpenInBrowser) => void): void {
  if (chromiumPath === undefined) {
    process.stderr.write(`SKIPPED: ${name}: no Chromium was found (Debian: apt-get install chromium).\n`);
  }
  describe.skipIf(chromiumPath === undefined)(name, () => {
    let browser: Browser | undefined;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox'] });
    });
    afterAll(() => browser?.close());
    tests(async (url, options) => {
      if (!browser) throw new Error('the browser is only there while tests run');
      return openPage(browser, url, options);
    });
  });
}

export type OpenInBrowser = (url: string, options?: BrowserContextOptions) => Promise<OpenPage>;

async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, locale: 'en-GB', ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.clock.install();
  const complaints: string[] = [];
  let asked = 0;
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`asks ${request.url()}`);
    if (new URL(request.url()).pathname.endsWith('/data')) asked += 1;
  });
  await page.goto(url);
  await page.locator('body:not([data-state=unknown])').waitFor();
  return {
    page,
    complaints,
    asked: () => asked,
    pass: (ms) => page.clock.runFor(ms),
    picture: async (name) => {
      mkdirSync(artifacts, { recursive: true });
      await page.screenshot({ path: `${artifacts}${name}.png`, fullPage: true });
    },
  };
}
