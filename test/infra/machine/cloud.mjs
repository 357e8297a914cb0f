// A stand-in for what the machine reaches: the identity service, a vault, a storage account, two download sites.
// What the vault holds, and whether it refuses, is in /machine/cloud.json, which is read at each request.
import { Buffer } from 'node:buffer';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

const state = () => JSON.parse(readFileSync('/machine/cloud.json', 'utf8'));
const send = (response, status, body = '') =>
  response.writeHead(status).end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));

createServer((request, response) => {
  const resource = new URL(request.url, 'http://x').searchParams.get('resource');
  if (request.headers.metadata !== 'true') return send(response, 400);
  return send(response, 200, { access_token: `token for ${resource}` });
}).listen(80, '169.254.169.254');

const sites = {
  'kv-test.vault.azure.net': (request, response) => {
    const { secrets, refuse } = state();
    if (request.headers.authorization !== 'Bearer token for https://vault.azure.net') return send(response, 401);
    if (refuse > 0) {
      writeFileSync('/machine/cloud.json', JSON.stringify({ ...state(), refuse: refuse - 1 }));
      return send(response, 403);
    }
    const [, name, version] = /^\/secrets\/([^/?]+)(?:\/([^/?]+))?\?api-version=7\.4$/.exec(request.url) ?? [];
    const versions = secrets[name];
    if (!versions) return send(response, 404);
    if (version === 'versions') {
      const value = versions.map((_, at) => ({
        id: `https://kv-test.vault.azure.net/secrets/${name}/${at}`,
        attributes: { enabled: true, created: 1_700_000_000 + at },
      }));
      return send(response, 200, { value });
    }
    return send(response, 200, { value: version === undefined ? versions.at(-1) : versions[Number(version)] });
  },
  'stferrytest.blob.core.windows.net': (request, response) => {
    if (request.headers.authorization !== 'Bearer token for https://storage.azure.com') return send(response, 401);
    if (!existsSync('/machine/package.zip')) return send(response, 404);
    return send(response, 200, readFileSync('/machine/package.zip'));
  },
  'nodejs.org': (request, response) => {
    const file = `/machine/${request.url.split('/').at(-1)}`;
    return existsSync(file) ? send(response, 200, readFileSync(file)) : send(response, 404);
  },
  'packages.kurrent.io': (request, response) =>
    send(response, 200, `echo "setup ${request.url} $distro $codename" >>/machine/record\n`),
};

createTlsServer(
  { cert: readFileSync('/machine/cloud.crt'), key: readFileSync('/machine/cloud.key') },
  (request, response) => sites[request.headers.host](request, response),
).listen(443, '127.0.0.1', () => writeFileSync('/machine/cloud-ready', ''));
