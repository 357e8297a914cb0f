import { isUtf8 } from 'node:buffer';
import { z } from 'zod';

import { Failure } from '../core/failure.js';
import { sha256, type SetAside } from '../core/record.js';

/** A newer Eventferry wrote messages of a higher version. */
const version = 1;

const base64 = z.base64().transform((text) => Buffer.from(text, 'base64'));

const document = z
  .object({
    v: z.literal(version),
    name: z.string(),
    source: z.string(),
    position: z.int().min(1),
    index: z.int().nonnegative(),
    count: z.int().min(1),
    key: z.string(),
    stamp: z.string().regex(/^-?\d+$/),
    sha1: z.string(),
    chunk: z.string(),
    offset: z.int().nonnegative(),
    kind: z.string(),
    reason: z.string(),
    contract: z.string().exactOptional(),
    contractBase64: base64.exactOptional(),
    attributes: z.array(z.tuple([z.string(), z.string()])),
    bytes: z.int(),
    sha256: z.string(),
    body: base64,
  })
  .refine((stored) => stored.body.length === stored.bytes && sha256(stored.body) === stored.sha256);

/** A message as its blob holds it: JSON with everything that the source says about it, the body in base64. */
export function setAsideJson({ name, stamp, contract, body, ...rest }: SetAside): Buffer {
  const isText = contract !== undefined && isUtf8(contract);
  return Buffer.from(
    JSON.stringify({
      v: version,
      name,
      ...rest,
      stamp: String(stamp),
      ...(isText && { contract: Buffer.from(contract).toString('utf8') }),
      ...(contract && !isText && { contractBase64: Buffer.from(contract).toString('base64') }),
      bytes: body.length,
      sha256: sha256(body),
      body: Buffer.from(body).toString('base64'),
    }),
  );
}

/**
 * Reads a message from its blob.
 *
 * @returns undefined for a damaged blob: other JSON, or a body that does not have the SHA-256
 * @throws Failure `NewerSchema`
 */
export function parseSetAside(bytes: Uint8Array): SetAside | undefined {
  const value = parsed(bytes);
  const newer = z.object({ v: z.int().min(version + 1) }).safeParse(value);
  if (newer.success) {
    throw new Failure(
      'NewerSchema',
      `A message that was set aside has schema ${newer.data.v}; this version knows ${version}.`,
    );
  }
  const { data } = document.safeParse(value);
  if (!data) return undefined;
  const { name, source, position, index, count, key, sha1, chunk, offset, kind, reason, attributes, body } = data;
  const contract = data.contract === undefined ? data.contractBase64 : Buffer.from(data.contract);
  return {
    ...{ name, source, position, index, count, key, sha1, chunk, offset, kind, reason, attributes, body },
    stamp: BigInt(data.stamp),
    ...(contract && { contract }),
  };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
