import { describe, expect, test } from 'vitest';

import { systemClock } from '../../../src/core/clock.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { numbered, numberedBodies } from '../../support/ferry.js';
import { eventferry } from '../commandLine.js';
import { ferryWithPassword } from '../ferryWithPassword.js';

const server = sharedEmbeddedServer();
const first = '00000000-2013-10-15-080000.dat';

describe('eventferry run', () => {
  test('eventferry run does no harm beside another run, and both end caught up', async () => {
    const ferry = await ferryWithPassword(server());
    const records = 3000;
    await ferry.write(first, numbered(1, records));
    // While one works the other waits for it, which must take time.
    const runs = [1, 2].map(() =>
      eventferry(['run', '--json'], ferry.environment({ READ_RECORDS: '100' }), systemClock),
    );
    for (const { code, stdout } of await Promise.all(runs)) {
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ end: 'caught-up', position: records, revision: records - 1 });
    }
    expect(ferry.bodies()).toEqual(numberedBodies(1, records));
  });
});
