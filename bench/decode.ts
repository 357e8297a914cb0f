import { answerOf } from './child.js';
import type { CodecAnswer, CodecJob } from './codec.js';
import { figure, type Line } from './figures.js';
import type { Lab } from './lab.js';
import { writeStore } from './store.js';

const events = 100_000;

/** The source alone and the encoder alone, each against the least that its work could be. */
export async function decodeAndEncode(
  lab: Lab,
  { bodyBytes, rounds, parts }: { bodyBytes: number; rounds: number; parts: ReadonlySet<string> },
): Promise<Line[]> {
  const container = await lab.newContainer();
  await writeStore(container, { events, bodyBytes });
  const job: CodecJob = { environment: lab.newReplication(container), rounds: Math.max(rounds, 5) };
  const { bytes, records, ...seconds } = await answerOf<CodecAnswer>('codec', job);
  const megabytes = bytes / 1024 / 1024;
  const per = (amount: number, of: readonly number[]) => figure(of.map((each) => amount / each));
  const ratio = (ours: readonly number[], theirs: readonly number[]) =>
    figure(ours.map((each, round) => (theirs[round] ?? NaN) / each));
  const decode: Line[] = [
    { name: 'decode: the source alone, storage in memory', figure: per(megabytes, seconds.decode), unit: 'MB/s' },
    { name: 'decode: the same', figure: per(records, seconds.decode), unit: 'records/s' },
    { name: 'decode: the source alone, from Azurite', figure: per(megabytes, seconds.decodeFromStorage), unit: 'MB/s' },
    { name: 'decode: SHA-1 of each frame, one shot', figure: per(megabytes, seconds.sha1), unit: 'MB/s' },
    {
      ...{ name: 'decode / SHA-1 frame by frame', figure: ratio(seconds.decode, seconds.sha1), unit: '' },
      goal: { atLeast: 0.5 },
    },
  ];
  const encode: Line[] = [
    { name: 'encode: requests of 500 events', figure: per(records, seconds.encode), unit: 'events/s' },
    { name: 'encode: copying the same events', figure: per(records, seconds.copy), unit: 'events/s' },
    { name: 'encode / copy', figure: ratio(seconds.encode, seconds.copy), unit: '' },
  ];
  return [...(parts.has('decode') ? decode : []), ...(parts.has('encode') ? encode : [])];
}
