import { expect, test } from 'vitest';

import { shakeHands } from '../../../src/target/connect/tlsCheck.js';

const settings = { seeds: [], dnsDiscover: false, options: {}, ignored: [] };

test('A client certificate that is no PEM is why a server cannot be dialled', async () => {
  const channel = { userCertFile: Buffer.from('no certificate'), userKeyFile: Buffer.from('no key') };
  expect(await shakeHands({ address: '127.0.0.1', port: 1 }, { ...settings, channel })).toEqual({
    kind: 'undialable',
    why: expect.stringMatching(/PEM/) as string,
  });
});
