import { buildSync } from 'esbuild';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where the page is written. It is a module because the deployed app is a bundle that reads no files beside it. `src`
 * imports the module as `#dashboard-page` (package.json, `imports`); its types are in the same folder.
 */
export const dashboardPagePath = fileURLToPath(new URL('../../generated/dashboardPage.js', import.meta.url));

/**
 * The module of the status page. It exports one self-contained HTML text, made of `src/dashboard/page/` and the chart
 * library, and the policy that stops a browser from running or contacting anything else.
 */
export function dashboardPageModule(): string {
  const [html, css] = ['page.html', 'page.css'].map(partOfPage) as [string, string];
  const chart = chartLibrary();
  const styles = `${chart.css}\n${css}`;
  const script = `${chart.licence}\n${chart.js}\n${pageScript()}`;
  const page = html
    .replace('/* styles */', () => styles)
    .replace('/* script */', () => script)
    .trim();
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(page, 'script')}`,
    `style-src ${hashOf(page, 'style')}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return `// Generated from src/dashboard/page/ and the chart library uPlot by \`npm run docs\`.

/** The status page, with all that it needs. */
export const dashboardPage = ${JSON.stringify(page)};

/** Its Content-Security-Policy. */
export const dashboardPolicy =
  ${JSON.stringify(policy)};
`;
}

const pageFolder = fileURLToPath(new URL('../../src/dashboard/page/', import.meta.url));

function partOfPage(name: string): string {
  return readFileSync(join(pageFolder, name), 'utf8').replaceAll('\r\n', '\n');
}

/** The modules of the page as one script. */
function pageScript(): string {
  const entry = { entryPoints: ['page.js'], absWorkingDir: pageFolder, bundle: true };
  const { outputFiles } = buildSync({ ...entry, format: 'esm', target: 'es2022', write: false });
  return outputFiles.map(({ text }) => text).join('');
}

/** The chart library uPlot in its form for browsers, and its licence, which must be shipped with it. */
function chartLibrary(): { readonly js: string; readonly css: string; readonly licence: string } {
  const folder = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
  const read = (path: string) => readFileSync(join(folder, path), 'utf8').replaceAll('\r\n', '\n').trim();
  return {
    js: read('dist/uPlot.iife.min.js'),
    css: read('dist/uPlot.min.css'),
    licence: `/* uPlot\n\n${read('LICENSE')}\n*/`,
  };
}

/** The hash that a browser computes of the text between the tags. */
function hashOf(page: string, tag: 'script' | 'style'): string {
  const text = new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`).exec(page)?.[1] ?? '';
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(dashboardPagePath, dashboardPageModule());
