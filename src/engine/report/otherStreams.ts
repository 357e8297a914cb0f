import type { Parts } from '../parts.js';

/**
 * Where TARGET_STREAM is not set, the stream has the name of the source id, and another id begins another stream. Names
 * the streams that the container filled under other ids.
 *
 * @throws Failure `CheckpointUnreachable`
 */
export async function otherStreams(
  { streams, stream: own }: Pick<Parts, 'streams' | 'stream'>,
  signal: AbortSignal,
): Promise<readonly { readonly says: string; readonly next: string }[]> {
  const others = (await streams?.underOtherIds(signal)) ?? [];
  return others.map(({ source, stream }) => ({
    says: `Stream ${stream} holds events of this container too, under the source id ${source}.`,
    next:
      `If SOURCE_ID was changed by mistake, set it back to ${source}. ` +
      `If a stream of its own is meant, set TARGET_STREAM to ${own}.`,
  }));
}
