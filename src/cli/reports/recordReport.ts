import { isUtf8 } from 'node:buffer';

import type { SourceMessage, SourceRecord } from '../../core/record.js';
import type { Inspection } from '../../source/views/inspection.js';
import { counted, number, table } from './wording.js';

/** A record, and its place in its own stream by counting. */
type FoundRecord = NonNullable<Awaited<ReturnType<Inspection['record']>>>;

/** A record for programs; bytes that are text are text, all others base64. */
export function recordFacts({ record, streamVersion }: FoundRecord): object {
  const { position, key, stamp, payload, chunk, offset, frameBytes, sha1 } = record;
  return {
    ...{ position, key, streamVersion },
    stamp: String(stamp),
    ...{ chunk, offset, frameBytes },
    sha1: hex(sha1),
    payload:
      payload.kind === 'opaque'
        ? { kind: payload.kind, ...bytesFacts(payload.bytes) }
        : { ...payload, messages: Array.from(payload.messages, messageFacts) },
  };
}

function messageFacts({ contract, body }: SourceMessage): object {
  return { contract: nameOf(contract), ...bytesFacts(body) };
}

export function bytesFacts(bytes: Uint8Array): object {
  const length = { bytes: bytes.length };
  return isUtf8(bytes)
    ? { ...length, text: textOf(bytes) }
    : { ...length, base64: Buffer.from(bytes).toString('base64') };
}

/** A record for people; bytes that are text are shown so, all others as a hex dump. */
export function recordLines({ record, streamVersion }: FoundRecord): string[] {
  const { position, key, stamp, payload, chunk, offset, frameBytes, sha1 } = record;
  const rows = [
    ['Position', String(position)],
    ['Key', key],
    ['Stream version', `${streamVersion} by counting; ${stamp} as stored`],
    ['Frame', `${chunk} at byte ${number(offset)}, ${counted(frameBytes, 'byte')}`],
    ['SHA-1', hex(sha1)],
    ...(payload.kind === 'batch' ? payload.attributes : []).map(([name, value]) => ['Attribute', `${name} = ${value}`]),
  ];
  return [...table(rows), ...payloadLines(payload)];
}

function payloadLines(payload: SourceRecord['payload']): string[] {
  if (payload.kind === 'opaque') {
    return ['', `Opaque payload, ${counted(payload.bytes.length, 'byte')}:`, ...bytesLines(payload.bytes)];
  }
  const { messages } = payload;
  if (messages.length === 0) return ['', 'No message.'];
  return [...messages].flatMap(({ contract, body }, index) => [
    '',
    `Message ${index + 1} of ${messages.length}: ${nameOf(contract)}, ${counted(body.length, 'byte')}`,
    ...bytesLines(body),
  ]);
}

export function bytesLines(bytes: Uint8Array): string[] {
  if (bytes.length === 0) return [];
  const text = isUtf8(bytes) ? textOf(bytes) : undefined;
  return text === undefined || /[^\P{Cc}\r\n\t]/u.test(text) ? hexDump(bytes) : text.split(/\r\n|\r|\n/);
}

const dumpWidth = 16;

/** Offset, hex, and the characters that are printable ASCII. */
function hexDump(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += dumpWidth) {
    const row = Buffer.from(bytes.subarray(start, start + dumpWidth));
    const digits = row.toString('hex').replaceAll(/..(?=.)/g, '$& ');
    const shown = row.toString('latin1').replaceAll(/[^ -~]/g, '.');
    lines.push(`${start.toString(16).padStart(8, '0')}  ${digits.padEnd(dumpWidth * 3 - 1)}  ${shown}`);
  }
  return lines;
}

/** A contract name as text; bytes that are not UTF-8 as `hex:` and their digits. */
export function nameOf(contract: Uint8Array): string {
  return isUtf8(contract) ? textOf(contract) : `hex:${hex(contract)}`;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
