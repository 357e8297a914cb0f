import type { Random } from '../schedule/random.js';
import { excludedKey } from '../schedule/settings.js';
import type { WrittenRecord } from './tapeFrames.js';

/** A record for a writer to append; now and then its key is excluded, or a body is large or no JSON. */
export function randomRecord(serial: number, random: Random, largeBodyBytes: number): WrittenRecord {
  const key = random.chance(0.12) ? excludedKey : random.chance(0.1) ? 'func' : `user:${random.between(1, 5)}`;
  const count = random.pick([0, 1, 1, 1, 1, 2, 3]);
  const messages = Array.from({ length: count }, (_, index) => {
    const padding = random.chance(0.2) ? random.between(0, largeBodyBytes) : 0;
    const text = `{"N":${serial},"index":${index}${padding > 0 ? `,"pad":"${'x'.repeat(padding)}"` : ''}}`;
    return { contract: `Shop/Event${index}`, body: Buffer.from(random.chance(0.9) ? text : text.slice(1)) };
  });
  return { serial, key, messages };
}
