import type { SourceState } from '../../core/cursor.js';
import { parseChunkName } from './name.js';
import type { Eras } from './order.js';
import type { FrameVariant } from '../lokad/frame.js';

/** The variant that a chunk's frames must have: that of its era, unless a person allowed the other. */
export function variantOf(
  { eras }: { readonly eras: Eras },
  chunk: string,
  state: SourceState | undefined,
): FrameVariant {
  const name = parseChunkName(chunk);
  const byEra = name ? eras.variantOf(name) : 'varint';
  return state?.allowed?.includes(otherEra(chunk)) ? otherVariant(byEra) : byEra;
}

/** The allowance to read a chunk of the other era, as the source state keeps it. A plain chunk name allows a gap before that chunk. */
export function otherEra(chunk: string): string {
  return `${otherEraPrefix}${chunk}`;
}

/** The chunk that an allowance allows to be of the other era; undefined for an allowance of another kind. */
export function ofOtherEra(allowance: string): string | undefined {
  return allowance.startsWith(otherEraPrefix) ? allowance.slice(otherEraPrefix.length) : undefined;
}

const otherEraPrefix = 'other-era:';

export function otherVariant(variant: FrameVariant): FrameVariant {
  return variant === 'varint' ? 'int32' : 'varint';
}
