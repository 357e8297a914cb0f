import { readFileSync } from 'node:fs';
import type { ChannelCredentialOptions } from '@eventstore/db-client';
import { parseConnectionString as parseForLibrary } from '@eventstore/db-client/dist/Client/parseConnectionString.js';
import { Failure } from '../../core/failure.js';

/** A node's address, as discovery and connection strings name it. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A node as gRPC and messages name it. */
export function nodeName({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

/** What a connection string says, in the terms of the client library's constructor. Holds secrets: never log it. */
export interface ConnectionSettings {
  /** The nodes it names, at least one. */
  readonly seeds: readonly [Endpoint, ...Endpoint[]];
  /** True for `+discover`: the one seed is a name that stands for a cluster. */
  readonly dnsDiscover: boolean;
  readonly options: ClientOptions;
  readonly channel: ChannelCredentialOptions;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Parts of the connection string that have no effect here: a warning for the log, no secret in it. */
  readonly ignored: readonly string[];
}

/** The options that the client library takes beside addresses, certificates and credentials. */
type ClientOptions = Omit<
  ReturnType<typeof parseForLibrary>,
  'hosts' | 'dnsDiscover' | 'tls' | 'tlsCAFile' | 'userCertFile' | 'userKeyFile'
>;

const schemes = ['esdb', 'kurrentdb', 'kurrent', 'kdb'];
const highestPort = 65_535;
const expected = 'expected something like esdb://user:password@host:2113?tls=true';

/** What the client library understands, in the flat form in which it compares names. */
const knownOptions = new Set(
  [
    ...['userCertFile', 'userKeyFile', 'tls', 'tlsCAFile', 'connectionName', 'defaultDeadline', 'keepAliveInterval'],
    ...['keepAliveTimeout', 'maxDiscoverAttempts', 'discoveryInterval', 'gossipTimeout', 'nodePreference'],
    ...['throwOnAppendFailure', 'dnsDiscover'],
  ].map(flat),
);

/**
 * Reads a connection string of EventStoreDB or KurrentDB: `esdb://`, `kurrentdb://`, `kurrent://` or `kdb://`, each
 * also with `+discover`.
 *
 * User and password are taken off before the client library's parser sees the text, because that parser repeats its
 * input in warnings and in debug output.
 *
 * @param tlsCa PEM of the certificate authority to trust instead of the system's
 * @throws Failure `SettingsInvalid`, which names no secret
 */
export function parseConnectionString(text: string, tlsCa?: string): ConnectionSettings {
  const { scheme, userInfo, rest } = takeApart(text.trim());
  const credentials = userInfo === undefined ? undefined : readUserInfo(userInfo);
  const { kept, ignored } = sortOptions(rest);
  if (kept === '' || kept.startsWith('?')) throw invalid('it names no host');
  const parsed = parse(`${scheme.endsWith('+discover') ? 'esdb+discover' : 'esdb'}://${kept}`);
  const { hosts, dnsDiscover, tls, tlsCAFile, userCertFile, userKeyFile, ...options } = parsed;
  const [first, ...others] = hosts;
  if (first === undefined) throw invalid('it names no host');
  const beyond = hosts.find(({ port }) => port > highestPort);
  if (beyond) throw invalid(`${nodeName(beyond)} has no port that exists: the highest is ${highestPort}`);
  if (Boolean(userCertFile) !== Boolean(userKeyFile)) {
    throw invalid('userCertFile and userKeyFile are given only together');
  }
  const rootCertificate = tlsCa === undefined ? readNamed('tlsCAFile', tlsCAFile) : Buffer.from(tlsCa);
  const certificate = readNamed('userCertFile', userCertFile);
  const key = readNamed('userKeyFile', userKeyFile);
  return {
    seeds: [first, ...others],
    dnsDiscover,
    // The library cannot be told to give discovery up, so it gets few tries: whoever calls tries again anyway.
    options: { maxDiscoverAttempts: 3, ...options },
    channel:
      tls === false
        ? { insecure: true }
        : {
            ...(rootCertificate && { rootCertificate }),
            ...(certificate && { userCertFile: certificate }),
            ...(key && { userKeyFile: key }),
          },
    ...(credentials && { credentials }),
    ignored,
  };
}

function takeApart(text: string): { scheme: string; userInfo?: string; rest: string } {
  const match = /^([a-z+]+):\/\/(.*)$/s.exec(text);
  const [, scheme = '', tail = ''] = match ?? [];
  if (!schemes.includes(scheme.replace(/\+discover$/, ''))) {
    throw invalid(`${expected}; the scheme is one of ${schemes.join(', ')}, each also with +discover`);
  }
  // A password may hold anything but must be percent-encoded; one that is not is still kept out of every message.
  const query = tail.lastIndexOf('?');
  const at = tail.lastIndexOf('@', query < 0 ? undefined : query);
  return at < 0 ? { scheme, rest: tail } : { scheme, userInfo: tail.slice(0, at), rest: tail.slice(at + 1) };
}

function readUserInfo(userInfo: string): { username: string; password: string } {
  const colon = userInfo.indexOf(':');
  if (colon <= 0 || colon === userInfo.length - 1) throw invalid('before the @ it must say user:password');
  try {
    return {
      username: decodeURIComponent(userInfo.slice(0, colon)),
      password: decodeURIComponent(userInfo.slice(colon + 1)),
    };
  } catch {
    throw invalid('the user or the password is not percent-encoded (a % is written %25, an @ is written %40)');
  }
}

/** Takes out the options that would make the library print the whole text as a warning. */
function sortOptions(rest: string): { kept: string; ignored: string[] } {
  const [hosts = '', query = ''] = rest.split('?', 2);
  const pairs = query.split('&').filter((pair) => pair !== '');
  const kept = pairs.filter((pair) => knownOptions.has(flat(pair.split('=', 1)[0] ?? '')));
  const ignored = pairs.filter((pair) => !kept.includes(pair)).map((pair) => pair.split('=', 1)[0] ?? '');
  const bare = hosts.replace(/\/+$/, '');
  return { kept: kept.length === 0 ? bare : `${bare}?${kept.join('&')}`, ignored };
}

function parse(text: string): ReturnType<typeof parseForLibrary> {
  try {
    return parseForLibrary(text);
  } catch (error) {
    const wanted = (error as { readonly expected?: unknown }).expected;
    throw invalid(
      typeof wanted === 'string' ? `behind the scheme, the user and the password, ${wanted} was expected` : expected,
    );
  }
}

function readNamed(option: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw invalid(
      `${option} names a file that ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}: ${path}`,
    );
  }
}

function flat(option: string): string {
  return option.trim().toLowerCase().replaceAll(/[_-]/g, '');
}

function invalid(why: string): Failure {
  return new Failure('SettingsInvalid', `EVENTSTORE_CONNECTION_STRING cannot be used: ${why}.`);
}
