import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** A protobuf message, read without its schema: each field's values by number. */
export type Fields = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

/** A metric as it was received: its name, its unit, and the attributes and value of each point. */
export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly points: readonly { readonly attributes: Readonly<Record<string, string>>; readonly value: number }[];
}

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
}

export interface ReceivedLog {
  readonly eventName: string;
  readonly severity: number;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A collector that speaks OTLP over HTTP with protobuf, as `opentelemetry-proto` v1 defines it. */
export interface OtlpReceiver {
  readonly endpoint: string;
  readonly metrics: ReceivedMetric[];
  readonly spans: ReceivedSpan[];
  readonly logs: ReceivedLog[];
  /** Every byte that was received, as Latin-1 text, to search for what must not be in it. */
  readonly bytes: () => string;
}

export async function otlpReceiver(): Promise<OtlpReceiver> {
  const metrics: ReceivedMetric[] = [];
  const spans: ReceivedSpan[] = [];
  const logs: ReceivedLog[] = [];
  let bytes = '';
  const takers: Readonly<Record<string, (message: Fields) => void>> = {
    '/v1/metrics': (message) => metrics.push(...leaves(message).map(readMetric)),
    '/v1/traces': (message) => spans.push(...leaves(message).map(readSpan)),
    '/v1/logs': (message) => logs.push(...leaves(message).map(readLog)),
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const sent = Buffer.concat(parts);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
      bytes += body.toString('latin1');
      takers[request.url ?? '']?.(readFields(body));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, metrics, spans, logs, bytes: () => bytes };
}

/** Request > resource (1) > scope (2) > metric, span or log record (2). */
function leaves(request: Fields): Fields[] {
  return messages(request, 1).flatMap((resource) => messages(resource, 2).flatMap((scope) => messages(scope, 2)));
}

function readMetric(metric: Fields): ReceivedMetric {
  // gauge = 5, sum = 7, histogram = 9; each has its points in field 1
  const data = [5, 7, 9].flatMap((field) => messages(metric, field).map((one) => [field, one] as const));
  const points = data.flatMap(([field, one]) => messages(one, 1).map((point) => [field, point] as const));
  return {
    name: text(metric, 1),
    unit: text(metric, 3),
    points: points.map(([field, point]) => ({
      attributes: attributes(point, field === 9 ? 9 : 7),
      value: field === 9 ? Number(fixed(point, 4)) : numberOf(point),
    })),
  };
}

/** as_double = 4, as_int = 6, both 64 bits long. */
function numberOf(point: Fields): number {
  const double = point.get(4)?.[0];
  if (typeof double === 'bigint') return Buffer.from(new BigUint64Array([double]).buffer).readDoubleLE();
  return Number(BigInt.asIntN(64, fixed(point, 6)));
}

function readSpan(span: Fields): ReceivedSpan {
  const hex = (field: number) => bytesOf(span, field).toString('hex');
  return { name: text(span, 5), traceId: hex(1), spanId: hex(2), parentId: hex(4) };
}

function readLog(log: Fields): ReceivedLog {
  return {
    eventName: text(log, 12),
    severity: Number(fixed(log, 2)),
    body: text(messages(log, 5)[0] ?? new Map(), 1),
    attributes: attributes(log, 6),
  };
}

/** KeyValue {key = 1, AnyValue value = 2 {string = 1, bool = 2, int = 3, double = 4}}. */
function attributes(message: Fields, field: number): Record<string, string> {
  return Object.fromEntries(
    messages(message, field).map((pair) => {
      const value = messages(pair, 2)[0] ?? new Map();
      return [text(pair, 1), value.has(1) ? text(value, 1) : String(fixed(value, 3))];
    }),
  );
}

function messages(message: Fields, field: number): Fields[] {
  return (message.get(field) ?? []).map((value) => readFields(value as Buffer));
}

function bytesOf(message: Fields, field: number): Buffer {
  const value = message.get(field)?.[0];
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}

function text(message: Fields, field: number): string {
  return bytesOf(message, field).toString();
}

function fixed(message: Fields, field: number): bigint {
  const value = message.get(field)?.[0];
  return typeof value === 'bigint' ? value : 0n;
}

function readFields(bytes: Buffer): Fields {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = tag >>> 3;
    const values = fields.get(field) ?? [];
    fields.set(field, values);
    if ((tag & 7) === 0) values.push(varint());
    else if ((tag & 7) === 1) values.push(bytes.readBigUInt64LE((at += 8) - 8));
    else if ((tag & 7) === 5) values.push(BigInt(bytes.readUInt32LE((at += 4) - 4)));
    else {
      const length = Number(varint());
      values.push(bytes.subarray(at, (at += length)));
    }
  }
  return fields;
}
