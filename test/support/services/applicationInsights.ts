import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

import { makeCertificates } from '../../target/certificates.js';

/** One item that a sender posts to the ingestion endpoint of Application Insights, as JSON. */
export interface Envelope {
  readonly name: string;
  readonly data: { readonly baseType: string; readonly baseData: Readonly<Record<string, unknown>> };
}

/** An ingestion endpoint of Application Insights on loopback. It accepts everything, and answers as the real one. */
export interface ApplicationInsights {
  /** The settings that make a process send to it. */
  readonly settings: Readonly<Record<string, string>>;
  readonly envelopes: Envelope[];
  /** The same envelopes, grouped by the request that brought them. */
  readonly requests: (readonly Envelope[])[];
  /** The `Authorization` headers of the requests; empty text for a request without one. */
  readonly authorizations: Set<string>;
  /** The data of all envelopes of a kind, such as `MetricData`. */
  of(baseType: string): Readonly<Record<string, unknown>>[];
}

export async function applicationInsights(): Promise<ApplicationInsights> {
  const envelopes: Envelope[] = [];
  const requests: (readonly Envelope[])[] = [];
  const authorizations = new Set<string>();
  const { ca, tls } = makeCertificates('127.0.0.1');
  const folder = mkdtempSync(join(tmpdir(), 'eventferry-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'ca.pem'), ca);
  const server = createServer(tls, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
      if (request.url?.includes('/track')) {
        authorizations.add(request.headers.authorization ?? '');
        const sent = envelopesIn(text);
        requests.push(sent);
        envelopes.push(...sent);
      }
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"itemsReceived":1,"itemsAccepted":1,"errors":[]}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    settings: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=00000000-0000-4000-8000-000000000001;IngestionEndpoint=${endpoint}`,
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    },
    envelopes,
    requests,
    authorizations,
    of: (baseType) => envelopes.filter(({ data }) => data.baseType === baseType).map(({ data }) => data.baseData),
  };
}

/** Reads a body that is one JSON list, or one JSON object on each line. */
function envelopesIn(text: string): Envelope[] {
  if (text.startsWith('[')) return JSON.parse(text) as Envelope[];
  return text.split('\n').map((line) => JSON.parse(line) as Envelope);
}
