import { expect, test } from 'vitest';

import { shakeHands } from '../../../src/target/connect/tlsCheck.js';

test('A client certificate that is no PEM is named as the reason why a server cannot be dialled', async () => {
  const channel = { userCertFile: Buffer.from('no certificate'), userKeyFile: Buffer.from('no key') };
  expect(await shakeHands({ address: '127.0.0.1', port: 1 }, { channel })).toEqual({
    kind: 'undialable',
    why: expect.stringMatching(/PEM/) as string,
  });
});
