// A stand-in for the server as the scripts of the machine see it: its configuration, its certificate, its users.
import { Buffer } from 'node:buffer';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';

const text = readFileSync('/etc/kurrentdb/kurrentdb.conf', 'utf8');
if (!text.startsWith('---\n')) throw new Error('the configuration does not begin with three dashes');
const conf = Object.fromEntries([...text.matchAll(/^(\w+): (.+)$/gm)].map(([, key, value]) => [key, value]));
if (/@@/.test(text)) throw new Error('a value is missing in the configuration');

const file = `${conf.Db}/users.json`;
if (!existsSync(conf.Db)) throw new Error(`there is no folder ${conf.Db}`);
if (!existsSync(file)) {
  mkdirSync(conf.Index, { recursive: true });
  const { KURRENTDB_DEFAULT_ADMIN_PASSWORD: admin = 'changeit', KURRENTDB_DEFAULT_OPS_PASSWORD: ops = 'changeit' } =
    process.env;
  writeFileSync(file, JSON.stringify({ admin, ops }));
}
const users = () => JSON.parse(readFileSync(file, 'utf8'));

const certificate = () => ({
  cert: readFileSync(conf.CertificateFile),
  key: readFileSync(conf.CertificatePrivateKeyFile),
  ca: readFileSync(`${conf.TrustedRootCertificatesPath}/ca.crt`),
});

const server = createServer(certificate(), async (request, response) => {
  const answer = (status, body = '') => response.writeHead(status).end(body);
  if (request.url.startsWith('/health/live')) return answer(200);
  const [login = '', password = ''] = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64')
    .toString()
    .split(':');
  const known = users();
  if (known[login] !== password) return answer(401);
  let body = '';
  for await (const part of request) body += part;
  const [, user, command] = /^\/users\/([^/]*)(?:\/command\/(.*))?$/.exec(request.url) ?? [];
  if (request.method === 'GET') return answer(user === '$current' || user in known ? 200 : 404);
  if (login !== 'admin') return answer(401);
  const { loginName, password: given, newPassword } = JSON.parse(body);
  if (command === 'reset-password') {
    if (!(user in known)) return answer(404);
    known[user] = newPassword;
  } else known[loginName] = given;
  writeFileSync(file, JSON.stringify(known));
  return answer(command === undefined ? 201 : 200);
});
server.listen(Number(conf.NodePort), '127.0.0.1');
process.on('SIGHUP', () => server.setSecureContext(certificate()));
process.on('SIGTERM', () => process.exit(0));
