import type { Cursor } from '../../core/cursor.js';
import type { ChunkMap } from '../source.js';
import type { Tapes } from '../tapes.js';

/** How many chunks are shown on each side of the cursor's. */
const maxBeside = 6;

/** See `Source.chunkMap`. While an accepted chunk is read out of its place, the main reading's place is shown. */
export async function chunkMap(tapes: Tapes, cursor: Cursor, signal: AbortSignal): Promise<ChunkMap> {
  await tapes.list(cursor, 'when due', signal);
  const { chunk, offset } = cursor.returnTo ?? cursor;
  const chunks = tapes.catalog.ordered;
  const at = chunk === '' ? -1 : tapes.catalog.indexOf(chunk);
  const readOf = (index: number, bytes: number) => (index < at ? bytes : index === at ? Math.min(offset, bytes) : 0);
  const from = Math.max(0, at - maxBeside);
  return {
    chunks: chunks.length,
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
    readChunks: Math.max(0, at),
    readBytes: chunks.reduce((sum, { bytes }, index) => sum + readOf(index, bytes), 0),
    around: chunks
      .slice(from, Math.max(0, at) + maxBeside + 1)
      .map(({ name, bytes }, index) => ({ name, bytes, readBytes: readOf(from + index, bytes) })),
  };
}
