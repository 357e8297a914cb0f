import type { X509Certificate } from 'node:crypto';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, rootCertificates, type TLSSocket } from 'node:tls';

import { systemClock, type Clock } from '../../core/clock.js';
import type { ConnectionSettings, Endpoint } from './connectionString.js';

/** What a server shows before it is asked anything. */
export type Handshake =
  /** It cannot even be dialled: what the connection string says is of no use. */
  | { readonly kind: 'undialable'; readonly why: string }
  /** Nothing listens, or it does not answer. */
  | { readonly kind: 'unreachable'; readonly why: string }
  /** It listens; TLS was not asked for. */
  | { readonly kind: 'plain' }
  /** It listens, but what it speaks is not TLS. */
  | { readonly kind: 'noTls'; readonly why: string }
  | {
      readonly kind: 'tls';
      /** Milliseconds since 1970. */
      readonly validUntil: number;
      /** The names and addresses that the certificate carries, as it writes them. */
      readonly names: string;
      /** Why the certificate is not trusted. */
      readonly untrusted?: string;
      /** Why it does not fit the name that was dialled. */
      readonly wrongName?: string;
    };

/** How long a server may take to answer a connection, in milliseconds. */
const handshakeMs = 5_000;

/** Opens a connection to one node, looks at its certificate whatever it is, and closes the connection. Never throws. */
export function shakeHands(
  node: Endpoint,
  { channel }: Pick<ConnectionSettings, 'channel'>,
  clock: Clock = systemClock,
): Promise<Handshake> {
  const secure = channel.insecure !== true;
  let socket: Socket;
  try {
    socket = secure ? dialSecurely(node, channel) : connectPlain({ host: node.address, port: node.port });
  } catch (error) {
    return Promise.resolve({ kind: 'undialable', why: (error as Error).message });
  }
  return new Promise((resolve) => {
    let connected = false;
    const end = (handshake: Handshake): void => {
      cancelLimit();
      socket.destroy();
      resolve(handshake);
    };
    const failed = (why: string): void => end({ kind: connected ? 'noTls' : 'unreachable', why });
    const cancelLimit = clock.after(handshakeMs, () => failed(`no answer within ${handshakeMs / 1000} s`));
    socket.once('connect', () => {
      connected = true;
      if (!secure) end({ kind: 'plain' });
    });
    socket.once('secureConnect', () => end(tlsHandshake(socket as TLSSocket, node.address)));
    socket.once('error', (error: NodeJS.ErrnoException) => failed(error.code ?? error.message));
  });
}

/** @throws Error for a client certificate or key that cannot be read */
function dialSecurely({ address: host, port }: Endpoint, channel: ConnectionSettings['channel']): Socket {
  return connectTls({
    host,
    port,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    ...(!isIP(host) && { servername: host }),
    // A root of our own takes the place of the usual ones, as it does for the client.
    ca: channel.rootCertificate ? [channel.rootCertificate] : [...rootCertificates],
    ...(channel.userCertFile && { cert: channel.userCertFile }),
    ...(channel.userKeyFile && { key: channel.userKeyFile }),
  });
}

/** The date, and the name. */
const judgedByThemselves = new Set(['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']);

function tlsHandshake(socket: TLSSocket, host: string): Handshake {
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  if (certificate === undefined) return { kind: 'noTls', why: 'it shows no certificate' };
  const wrongName = checkServerIdentity(host, certificate.toLegacyObject());
  const { authorizationError } = socket as { authorizationError?: Error | string | null };
  const untrusted = authorizationError ? String(authorizationError).replace(/^Error: /, '') : undefined;
  return {
    kind: 'tls',
    validUntil: Date.parse(certificate.validTo),
    names: certificate.subjectAltName ?? certificate.subject,
    ...(untrusted !== undefined && !judgedByThemselves.has(untrusted) && { untrusted }),
    ...(wrongName && { wrongName: wrongName.message }),
  };
}
