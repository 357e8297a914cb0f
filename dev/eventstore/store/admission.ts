import type { Metadata } from '@grpc/grpc-js';
import type { Node } from '../node.js';
import { accessDenied, notLeader, notReady, unauthenticated, type RpcFailure } from '../protocol/rpcFailure.js';

/** Why a call is refused; undefined when it may go on. */
export function refusal(node: Node, metadata: Metadata, call: 'write' | 'read' | 'anonymous'): RpcFailure | undefined {
  const { user, faults } = node;
  if (user) {
    const [authorization] = metadata.get('authorization');
    const wanted = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
    if (authorization !== undefined && authorization !== wanted) return unauthenticated();
    if (authorization === undefined && call !== 'anonymous') return accessDenied();
  }
  if (faults.denyWrites && call === 'write') return accessDenied();
  if (faults.refuse) return notReady();
  const forLeader = call === 'write' || (call === 'read' && metadata.get('requires-leader')[0] === 'true');
  return faults.leader && forLeader ? notLeader(faults.leader) : undefined;
}
