import { answerOf } from './child.js';
import type { CodecAnswer, CodecJob } from './codec.js';
import { figure, type Figure, type Line } from './figures.js';
import type { Lab } from './lab/lab.js';
import type { Measured } from './measure.js';
import { writeStore } from './lab/store.js';

const events = 100_000;

/** Measures the source alone and the encoder alone, each against the least work that the task needs. */
export async function decodeAndEncode(
  lab: Lab,
  { bodyBytes, rounds, parts }: { bodyBytes: number; rounds: number; parts: ReadonlySet<string> },
): Promise<Line[]> {
  const container = await lab.newContainer();
  await writeStore(container, { events, bodyBytes });
  const job: CodecJob = { environment: lab.newReplication(container), rounds: Math.max(rounds, 5) };
  const answer = await answerOf<CodecAnswer>(new URL('codec.ts', import.meta.url), job);
  return [...(parts.has('decode') ? decodeLines(answer) : []), ...(parts.has('encode') ? encodeLines(answer) : [])];
}

function decodeLines({ bytes, records, decoding }: CodecAnswer): Line[] {
  const megabytes = bytes / 1024 / 1024;
  const per = (amount: number, work: 'decode' | 'decodeFromStorage' | 'sha1') =>
    figure(decoding.map((round) => amount / round[work].seconds));
  return [
    { name: 'decode: the source alone, storage in memory', figure: per(megabytes, 'decode'), unit: 'MB/s' },
    { name: 'decode: the same', figure: per(records, 'decode'), unit: 'records/s' },
    { name: 'decode: the source alone, from Azurite', figure: per(megabytes, 'decodeFromStorage'), unit: 'MB/s' },
    { name: 'decode: SHA-1 of each frame, one shot', figure: per(megabytes, 'sha1'), unit: 'MB/s' },
    {
      name: 'decode / SHA-1 frame by frame',
      figure: figure(decoding.map(({ decode, sha1 }) => sha1.seconds / decode.seconds)),
      unit: '',
      goal: { atLeast: 0.5 },
    },
    { name: 'processor time: SHA-1', figure: perEvent(decoding.map(({ sha1 }) => sha1)), unit: 'us/event' },
    {
      name: 'processor time: decode, SHA-1 included',
      figure: perEvent(decoding.map(({ decode }) => decode)),
      unit: 'us/event',
    },
    {
      name: 'processor time: the same from Azurite',
      figure: perEvent(decoding.map(({ decodeFromStorage }) => decodeFromStorage)),
      unit: 'us/event',
    },
  ];
}

function encodeLines({ records, encoding }: CodecAnswer): Line[] {
  const per = (work: 'encode' | 'copy') => figure(encoding.map((round) => records / round[work].seconds));
  return [
    { name: 'encode: requests of 500 events', figure: per('encode'), unit: 'events/s' },
    { name: 'encode: copying the same events', figure: per('copy'), unit: 'events/s' },
    {
      name: 'encode / copy',
      figure: figure(encoding.map(({ encode, copy }) => copy.seconds / encode.seconds)),
      unit: '',
    },
    { name: 'processor time: convert', figure: perEvent(encoding.map(({ convert }) => convert)), unit: 'us/event' },
    { name: 'processor time: encode', figure: perEvent(encoding.map(({ encode }) => encode)), unit: 'us/event' },
    {
      name: 'processor time: telemetry that is off, were it asked for every event',
      figure: perEvent(encoding.map(({ measureNowhere }) => measureNowhere)),
      unit: 'us/event',
    },
  ];
}

function perEvent(rounds: readonly Measured[]): Figure {
  return figure(rounds.map(({ processorSeconds, events }) => (processorSeconds / events) * 1e6));
}
