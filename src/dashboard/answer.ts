import { dashboardPage, dashboardPolicy } from '#dashboard-page';
import { redactedJson } from '../core/redact.js';
import type { DashboardData } from './data.js';

const everyHeader = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/**
 * The answer to a GET of the status page: the page itself, or its data as JSON. The page holds no data, so it comes at
 * once, whatever is wrong.
 *
 * @param part what follows the page's own address: nothing, or `data`
 */
export async function dashboardAnswer(part: string, ask: () => Promise<DashboardData>) {
  if (part === '') {
    const headers = { ...everyHeader, 'content-type': 'text/html; charset=utf-8' };
    return { status: 200, headers: { ...headers, 'content-security-policy': dashboardPolicy }, body: dashboardPage };
  }
  if (part !== 'data') return { status: 404, headers: everyHeader, body: 'Not found.' };
  const headers = { ...everyHeader, 'content-type': 'application/json; charset=utf-8' };
  return { status: 200, headers, body: redactedJson(await ask()) };
}
