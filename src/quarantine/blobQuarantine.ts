import { RestError, type BlobItem, type ContainerClient } from '@azure/storage-blob';

import { Failure } from '../core/failure.js';
import type { SetAside } from '../core/record.js';
import type { Kept, Quarantine } from './quarantine.js';
import { parseSetAside, setAsideJson } from './document.js';

/** Blob metadata is only for listings, and small. */
const reasonLength = 500;

/** Contacts nothing by itself. */
export class BlobQuarantine implements Quarantine {
  /** @param folder the folder of the source: what stands before the first `/` of each blob's name */
  constructor(
    private readonly client: ContainerClient,
    private readonly folder: string,
  ) {}

  get container(): string {
    return this.client.containerName;
  }

  async keep(message: SetAside, signal: AbortSignal): Promise<void> {
    const bytes = setAsideJson(message);
    try {
      await this.upload(message, bytes, signal).catch((thrown: unknown) => {
        if (answerOf(thrown).status !== 404) throw thrown;
        return this.firstKeep(message, bytes, signal);
      });
    } catch (thrown) {
      const { status } = answerOf(thrown);
      if (status !== 409 && status !== 412) throw this.unreachable(thrown, signal);
      await this.expectSame(message, signal);
    }
  }

  async *list(signal: AbortSignal): AsyncGenerator<Kept> {
    try {
      const blobs = this.client.listBlobsFlat({
        prefix: `${this.folder}/`,
        includeMetadata: true,
        abortSignal: signal,
      });
      for await (const blob of blobs) {
        const kept = keptOf(blob);
        if (kept) yield kept;
      }
    } catch (thrown) {
      if (answerOf(thrown).status !== 404) throw this.unreachable(thrown, signal);
    }
  }

  async read(name: string, signal: AbortSignal): Promise<SetAside | undefined> {
    try {
      const bytes = await this.client
        .getBlobClient(name)
        .downloadToBuffer(undefined, undefined, { abortSignal: signal });
      return parseSetAside(bytes);
    } catch (thrown) {
      if (answerOf(thrown).status === 404) return undefined;
      throw this.unreachable(thrown, signal);
    }
  }

  /** Never overwrites a blob: after a lost answer, the blob is there and right. */
  private async upload(message: SetAside, bytes: Buffer, abortSignal: AbortSignal): Promise<void> {
    const { position, index, kind, reason, body } = message;
    await this.client.getBlockBlobClient(message.name).upload(bytes, bytes.length, {
      // guard: kept-message-is-not-written-over
      conditions: { ifNoneMatch: '*' },
      blobHTTPHeaders: { blobContentType: 'application/json' },
      metadata: {
        position: String(position),
        index: String(index),
        bytes: String(body.length),
        kind,
        reason: encodeURIComponent(reason.slice(0, reasonLength).toWellFormed()),
      },
      abortSignal,
    });
  }

  private async firstKeep(message: SetAside, bytes: Buffer, signal: AbortSignal): Promise<void> {
    try {
      await this.client.createIfNotExists({ abortSignal: signal });
    } catch (thrown) {
      throw this.unreachable(thrown, signal);
    }
    await this.upload(message, bytes, signal);
  }

  private async expectSame({ name, body }: SetAside, signal: AbortSignal): Promise<void> {
    const there = await this.read(name, signal);
    // guard: kept-message-is-the-one
    if (there && Buffer.compare(there.body, body) === 0) return;
    throw new Failure(
      'QuarantineUnreachable',
      `Blob ${name} of container ${this.container} is there, but does not hold the message of that name: someone changed it. Delete it.`,
      { container: this.container, blob: name },
    );
  }

  private unreachable(thrown: unknown, signal: AbortSignal): unknown {
    if (thrown instanceof Failure || signal.aborted) return thrown;
    const { status, code } = answerOf(thrown);
    const { accountName } = this.client;
    const why = status > 0 ? `the storage answered ${status} ${code}` : code;
    return new Failure(
      'QuarantineUnreachable',
      `Container ${this.container} of account ${accountName} cannot take or give a message that was set aside: ${why}.`,
      { container: this.container, account: accountName, status, code },
      { cause: thrown },
    );
  }
}

/** The listing of a blob by its metadata; undefined for a blob that is not ours. */
function keptOf({ name, metadata = {} }: BlobItem): Kept | undefined {
  const { position, index, bytes, kind = '', reason = '' } = metadata;
  if (position === undefined || index === undefined) return undefined;
  return {
    name,
    position: Number(position),
    index: Number(index),
    kind,
    reason: decoded(reason),
    bytes: Number(bytes),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function answerOf(thrown: unknown): { readonly status: number; readonly code: string } {
  if (!(thrown instanceof RestError)) return { status: 0, code: thrown instanceof Error ? thrown.message : 'unknown' };
  const code = thrown.response?.headers.get('x-ms-error-code') ?? thrown.code ?? thrown.name;
  return { status: thrown.statusCode ?? 0, code };
}
