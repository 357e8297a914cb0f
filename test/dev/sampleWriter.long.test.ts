import { describe, expect, test } from 'vitest';
import { readJournal } from '../../dev/writer/journal.js';
import { placesOf, SampleWriting } from './sampleWriting.js';

describe('the sample writer', () => {
  test('The sample writer that is killed in the middle of a write leaves a torn frame at the end of the chunk, and opens a new chunk after the restart', async () => {
    const writer = new SampleWriting();
    const options = ['--records', '120', '--appends-per-write', '4'];
    expect(await writer.runProgram(...options, '--crash-after', '50')).toBe('SIGKILL');
    const crashed = readJournal(writer.journal);
    const torn = crashed.at(-1);
    expect(torn?.acknowledged).toBe(false);
    const [before] = await writer.chunks();
    expect(before?.frames.at(-1)?.end).toBe(torn?.offset);
    expect(before?.tail.some((byte) => byte !== 0)).toBe(true);

    expect(await writer.runProgram(...options)).toBe(0);
    const [old, ...others] = await writer.chunks();
    expect(old?.frames).toHaveLength(crashed.length - 1);
    expect(others.map(({ name }) => name.slice(0, 8))).toEqual([String(crashed.length).padStart(8, '0')]);
    const landed = readJournal(writer.journal).filter(
      (entry) => entry.offset !== torn?.offset || entry.chunk !== torn.chunk,
    );
    expect(placesOf(await writer.chunks())).toEqual(landed.map(({ chunk, offset, key }) => [chunk, offset, key]));
    expect(readJournal(writer.journal).filter(({ acknowledged }) => acknowledged)).toHaveLength(120);
  });
});

describe('the sample writer', () => {
  test('The sample writer that is killed before the answer arrives has written all frames, and appends them once more after the restart', async () => {
    const writer = new SampleWriting();
    const crash = ['--crash-after', '20', '--crash', 'unacknowledged'];
    expect(await writer.runProgram('--records', '40', '--appends-per-write', '4', ...crash)).toBe('SIGKILL');
    const unacknowledged = readJournal(writer.journal).filter(({ acknowledged }) => !acknowledged);
    expect(unacknowledged).toHaveLength(4);
    await writer.write({ records: 40 });
    const entries = readJournal(writer.journal);
    expect(entries).toHaveLength(44);
    expect(placesOf(await writer.chunks())).toEqual(entries.map(({ chunk, offset, key }) => [chunk, offset, key]));
    expect(entries.slice(20, 24).map(({ messages }) => messages)).toEqual(
      entries.slice(24, 28).map(({ messages }) => messages),
    );
  });
});
