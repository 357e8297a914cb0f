import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { dashboardAnswer } from './answer.js';
import type { DashboardData } from './data.js';

const loopback = '127.0.0.1';

/**
 * Serves the status page on 127.0.0.1, to this machine alone. Does not keep the process alive.
 *
 * @param port 0 for a free one
 * @throws Error when the port is taken
 */
export async function startDashboard(port: number, ask: () => Promise<DashboardData>) {
  const server = createServer((request, response) => {
    answer(request, response, ask).catch(() => response.destroy());
  });
  server.listen(port, loopback);
  await once(server, 'listening');
  server.unref();
  return {
    url: `http://${loopback}:${(server.address() as AddressInfo).port}/`,
    /** Never throws. */
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  ask: () => Promise<DashboardData>,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', `http://${loopback}`);
  // Another site could make a name point here; its page must not read the status.
  const known = new Set([loopback, 'localhost']).has((request.headers.host ?? '').replace(/:\d+$/, ''));
  if (!known || request.method !== 'GET') return void response.writeHead(known ? 405 : 421).end();
  const { status, headers, body } = await dashboardAnswer(pathname.replace(/^\/+/, ''), ask);
  response.writeHead(status, headers).end(body);
}
