import { expect, test } from 'vitest';
import { numbered } from '../support/ferry.js';
import { rewriteStream } from '../support/rewriteStream.js';
import { sharedEmbeddedServer } from '../support/services/embeddedServer.js';
import { decide, expectEqual, openFerryWith, verify } from './verifiedFerry.js';

const server = sharedEmbeddedServer();
const [a, b, c, d] = [
  '00000001-2013-10-15-093000.dat',
  '00000003-2013-10-15-093100.dat',
  '00000005-2013-10-15-093200.dat',
  '00000007-2013-10-15-093300.dat',
] as const;

test('Verify finds events doubled that stand in their place and once more, read in a detour', async () => {
  const ferry = await openFerryWith(server(), { [a]: numbered(1, 2), [b]: numbered(3, 4), [c]: numbered(5, 6) });
  await ferry.container.deleteBlob(a);
  await ferry.write(d, numbered(7, 12));
  // Another stream of the same source, in which the first chunk was accepted late.
  const late = { TARGET_STREAM: `${ferry.stream}-late`, ON_DAMAGE: 'skip' };
  await ferry.run(late);
  await ferry.write(a, numbered(1, 2));
  await expect(ferry.run(late)).rejects.toMatchObject({ kind: 'SourceReordered' });
  await decide(ferry, { kind: 'chunk', chunk: a }, late);
  await ferry.run(late);
  await expectEqual(ferry, late);
  const apart = server().events(late.TARGET_STREAM).slice(-2);
  expect(apart.map(({ data }) => data.toString())).toEqual(['{"N":1}', '{"N":2}']);

  await ferry.container.deleteBlob(d);
  await rewriteStream(ferry, (events) => events.push(...apart));
  const { equal, differences } = await verify(ferry);
  expect({ equal, byKind: differences.byKind }).toEqual({ equal: false, byKind: { doubled: 2 } });
});
