const minBytes = 64 * 1024;

/**
 * Buffers for requests. A buffer serves one request and comes back only when nothing can read it any more: gRPC may
 * copy a message long after it got it (before the call is connected, or under flow control).
 */
export class BufferPool {
  private kept: Buffer[] = [];
  private keptBytes = 0;

  /** @param maxKeptBytes idle buffers hold at most this much memory */
  constructor(private readonly maxKeptBytes: number) {}

  /** A buffer of at least `bytes`, with whatever it held before. */
  take(bytes: number): Buffer {
    const buffer = this.kept.find((one) => one.length >= bytes);
    if (buffer === undefined) return Buffer.allocUnsafeSlow(powerOfTwo(Math.max(bytes, minBytes)));
    // guard: buffer-of-one-request
    this.kept.splice(this.kept.indexOf(buffer), 1);
    this.keptBytes -= buffer.length;
    return buffer;
  }

  give(buffer: Buffer): void {
    if (this.keptBytes + buffer.length > this.maxKeptBytes) return;
    this.kept.push(buffer);
    this.keptBytes += buffer.length;
  }
}

function powerOfTwo(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}
