import { describe, expect, test } from 'vitest';
import type { Environment } from '../../../src/config/config.js';
import type { Finding } from '../../../src/doctor/finding.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered } from '../../support/ferry.js';

const server = sharedEmbeddedServer();
const live = new AbortController().signal;

/** A ferry whose stream has the name of its source id, after a run under the first of two ids. */
async function openFerry() {
  const ferry = await Ferry.open(server());
  await ferry.write('00000001-2013-10-15-093000.dat', numbered(1, 3));
  const under = (id: string): Environment => ({ SOURCE_ID: `${ferry.stream}-${id}`, TARGET_STREAM: '' });
  await ferry.run(under('first'));
  return { ferry, under };
}

async function warningsOf(ferry: Ferry, settings: Environment): Promise<string[]> {
  const { warnings } = await ferry.replicator(settings).status(live);
  return warnings.filter((warning) => warning.includes('of this container'));
}

async function findingsOf(ferry: Ferry, settings: Environment): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of ferry.replicator(settings).examine(live)) findings.push(finding);
  return findings.filter(({ says }) => says.includes('of this container'));
}

describe('With TARGET_STREAM unset, another SOURCE_ID begins another stream', () => {
  test('Doctor and status say, before the first run under another SOURCE_ID, that a stream of this container under the earlier id exists', async () => {
    const { ferry, under } = await openFerry();
    const [first, second] = [`${ferry.stream}-first`, `${ferry.stream}-second`];
    const says = `Stream ${first} holds events of this container too, under the source id ${first}.`;
    const next =
      `If SOURCE_ID was changed by mistake, set it back to ${first}. ` +
      `If a stream of its own is meant, set TARGET_STREAM to ${second}.`;
    expect(await warningsOf(ferry, under('second'))).toEqual([`${says} ${next}`]);
    expect(await findingsOf(ferry, under('second'))).toEqual([
      { check: 'checkpointRow', verdict: 'warning', says, next },
    ]);
  });

  test('Doctor and status name both streams of this container, each to the other, once both are there', async () => {
    const { ferry, under } = await openFerry();
    await ferry.run(under('second'));
    for (const [own, other] of ['first second', 'second first'].map((pair) => pair.split(' '))) {
      const names = expect.stringMatching(`^Stream ${ferry.stream}-${other} holds`) as string;
      expect(await warningsOf(ferry, under(own ?? ''))).toEqual([names]);
      expect(await findingsOf(ferry, under(own ?? ''))).toMatchObject([{ says: names }]);
    }
  });

  test('Doctor and status name no other stream of this container while there is none, or where TARGET_STREAM is set', async () => {
    const { ferry, under } = await openFerry();
    const named = { ...under('second'), TARGET_STREAM: `${ferry.stream}-second` };
    for (const settings of [under('first'), named]) {
      expect(await warningsOf(ferry, settings)).toEqual([]);
      expect(await findingsOf(ferry, settings)).toEqual([]);
    }
  });

  test('Doctor and status name no stream of another container, although its rows are in the same table', async () => {
    const { ferry } = await openFerry();
    const other = await Ferry.open(server());
    const settings = { TARGET_STREAM: '', CHECKPOINT_TABLE: ferry.table };
    expect(await warningsOf(other, settings)).toEqual([]);
    expect(await findingsOf(other, settings)).toEqual([]);
  });
});
