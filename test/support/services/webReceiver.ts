import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as it was received. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A web server on this machine that keeps the requests it receives. */
export interface WebReceiver {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** How it answers the next requests, at first with 200; `hang` means it never answers. */
  answer: number | 'hang';
}

/** @param secret a part of the address that must not be logged or shown anywhere */
export async function webReceiver(secret = 's3cret-path'): Promise<WebReceiver> {
  const requests: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      requests.push({ method, path, headers, body: Buffer.concat(parts).toString() });
      if (receiver.answer === 'hang') return;
      const location = { location: `http://127.0.0.1:${(server.address() as AddressInfo).port}/elsewhere` };
      response.writeHead(receiver.answer, receiver.answer === 302 ? location : {}).end('heard');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const receiver: WebReceiver = { url: `http://127.0.0.1:${port}/${secret}`, requests, answer: 200 };
  return receiver;
}
