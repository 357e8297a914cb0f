import { iso } from '../core/time.js';
import type { ServerCheck } from '../target/connect/check.js';
import type { Handshake } from '../target/connect/tlsCheck.js';
import { good, soonMs, thrownIn, warning, wrong, type Finding } from './finding.js';

/** Checks whether each named node can be reached, and its certificate. */
export async function* handshakeFindings(server: ServerCheck, nowMs: number): AsyncGenerator<Finding> {
  for await (const { node, handshake } of server.handshakes()) yield* handshakeFinding(node, handshake, nowMs);
}

function handshakeFinding(node: string, handshake: Handshake, nowMs: number): Finding[] {
  const reached = good('serverReached', `${node} takes connections`);
  switch (handshake.kind) {
    case 'undialable': {
      const says = `${node} cannot be dialled: ${handshake.why}.`;
      return [wrong('serverReached', says, 'Correct EVENTSTORE_CONNECTION_STRING.')];
    }
    case 'unreachable': {
      const next = 'Check the address, that the server runs, and that its port can be reached from here.';
      return [wrong('serverReached', `Nothing answers at ${node}: ${handshake.why}.`, next)];
    }
    case 'plain': {
      const says = `The connection to ${node} is not encrypted (tls=false), so no user and password are sent.`;
      const next = 'Use tls=true with a server that has a certificate; tls=false is for a machine of your own.';
      return [reached, warning('certificate', says, next)];
    }
    case 'noTls': {
      const says = `${node} does not speak TLS: ${handshake.why}.`;
      return [
        reached,
        wrong('certificate', says, 'Give the server a certificate, or set tls=false if it runs without.'),
      ];
    }
    case 'tls':
      return [reached, certificateFinding(node, handshake, nowMs)];
  }
}

function certificateFinding(node: string, handshake: Extract<Handshake, { kind: 'tls' }>, nowMs: number): Finding {
  const { validUntil, names, untrusted, wrongName } = handshake;
  const until = iso(validUntil);
  if (validUntil <= nowMs) {
    return wrong('certificate', `The certificate of ${node} expired on ${until}.`, 'Renew it on the server.');
  }
  if (untrusted !== undefined) {
    return wrong(
      'certificate',
      `The certificate of ${node} is not trusted: ${untrusted}.`,
      'Set EVENTSTORE_TLS_CA to the certificate of the authority that signed it.',
    );
  }
  if (wrongName !== undefined) {
    return wrong(
      'certificate',
      `The certificate of ${node} is for other names (${names}).`,
      'Connect by a name that the certificate carries, or make a certificate with this name.',
    );
  }
  if (validUntil - nowMs < soonMs) {
    return warning('certificate', `The certificate of ${node} expires on ${until}.`, 'Renew it before then.');
  }
  return good('certificate', `of ${node}: valid until ${until}, names ${names}`);
}

/**
 * Checks the server's version and leader.
 *
 * @param learned gets the server's time
 */
export async function* leaderFindings(
  server: ServerCheck,
  learned: (date: number | undefined) => void,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  try {
    const { version, date, leader, nodesAlive } = await server.facts(signal);
    learned(date);
    const name = version === '' ? 'it does not say its version' : `version ${version}`;
    const nodes = nodesAlive === 1 ? '1 node' : `${nodesAlive} nodes`;
    const next = 'Wait until the nodes have elected a leader; if they do not, look at their logs.';
    if (leader === undefined) yield wrong('leader', `None of the ${nodesAlive} nodes is the leader.`, next);
    else yield good('leader', `${name}, ${nodes} alive, ${leader} leads`);
  } catch (thrown) {
    yield thrownIn('leader', thrown);
  }
}
