/** The part of a stream's metadata that decides which of its events can be read. */
export interface StreamMetadata {
  readonly maxCount?: number;
  readonly maxAgeSeconds?: number;
  /** `$tb`: events below this revision are hidden. {@link SOFT_DELETED} hides the stream itself. */
  readonly truncateBefore?: number;
}

/** `$tb` of a soft-deleted stream: the largest 64-bit integer, here as the nearest double. */
export const SOFT_DELETED = 2 ** 63;

export const NO_METADATA: StreamMetadata = {};
/** The metadata of every metadata stream: only its last event is visible. */
export const METASTREAM_METADATA: StreamMetadata = { maxCount: 1 };

/** What a soft delete writes to the metadata stream; it replaces the metadata that was there. */
export const SOFT_DELETE_JSON: Buffer = Buffer.from('{"$tb":9223372036854775807}');

/** Reads the metadata as the server does: it ignores any value that is not valid. */
export function parseStreamMetadata(json: Buffer): StreamMetadata {
  const values = parseObject(json);
  if (values === undefined) return NO_METADATA;
  const numbers: Record<string, number> = {};
  for (const key of ['$maxCount', '$maxAge', '$tb']) {
    const value = values[key];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value)) return NO_METADATA;
    numbers[key] = value;
  }
  const { $maxCount = 0, $maxAge = 0, $tb = -1 } = numbers;
  return {
    ...($maxCount > 0 && { maxCount: $maxCount }),
    ...($maxAge > 0 && { maxAgeSeconds: $maxAge }),
    ...($tb >= 0 && { truncateBefore: $tb }),
  };
}

/** The metadata of a soft-deleted stream that is written again: other entries are kept, and old events stay hidden. */
export function recreatedJson(json: Buffer, truncateBefore: number): Buffer | undefined {
  const values = parseObject(json);
  return values && Buffer.from(JSON.stringify({ ...values, $tb: truncateBefore }));
}

function parseObject(json: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
