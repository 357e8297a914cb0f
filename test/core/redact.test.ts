import { describe, expect, test } from 'vitest';

import { redact } from '../../src/core/redact.js';

describe('redact', () => {
  const secrets: readonly (readonly [string, string, string])[] = [
    ['an account key', 'AccountName=a;AccountKey=c2VjcmV0+/==;EndpointSuffix=x', 'c2VjcmV0'],
    ['a shared access signature in a URL', 'https://a.blob.core.windows.net/c?sv=1&sig=secret%3D&se=2', 'secret'],
    ['one in a connection string', 'BlobEndpoint=https://a/;SharedAccessSignature=sv=1&sig=secret', 'secret'],
    ['a password in a URL', 'esdb://admin:s3cr:et/@host:2113?tls=true', 's3cr'],
    ['a password behind an empty user', 'esdb://:s3cret@host:2113', 's3cret'],
    ['a password in JSON', '{"password":"s3cret","a":1}', 's3cret'],
    ['a password in JSON within JSON', JSON.stringify('{"password":"s3cret"}'), 's3cret'],
    ['an incoming webhook of Slack', 'POST https://hooks.slack.com/services/T0/B0/s3cret failed', 's3cret'],
    ['one of Teams', 'https://acme.webhook.office.com/webhookb2/a@b/IncomingWebhook/s3cret/c', 's3cret'],
    ['one of Teams at its older host', 'https://outlook.office.com/webhookb2/a@b/IncomingWebhook/s3cret/c', 's3cret'],
    ['one of Discord', 'https://discord.com/api/webhooks/1234/s3cret', 's3cret'],
    ['a token in a query', 'GET https://a.example/hook?token=s3cret&x=1', 's3cret'],
    ['a token of a kind', 'refresh_token=s3cret', 's3cret'],
    ['a code in a query', 'GET https://app.azurewebsites.net/api/status?a=1&code=s3cret==', 's3cret'],
    ['a password that holds @', 'esdb://admin:p@s3cret@host:2113', 's3cret'],
    ['a password behind a user that holds @', 'esdb://admin@corp:s3cret@host:2113', 's3cret'],
    ['the address of a heartbeat', 'https://hc-ping.com/s3cret-0000', 's3cret'],
    ['a bearer token', 'authorization: Bearer eyJhbGciOi.J9.x-y_z', 'eyJhbGciOi'],
    ['a signed request', 'authorization: SharedKey account:c2VjcmV0c2VjcmV0=', 'c2VjcmV0'],
    ['a private key', '-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----', 'c2VjcmV0'],
  ];
  test.each(secrets)('redact hides %s', (_what, text, secret) => {
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain('***');
  });

  test('redact keeps what is around a secret', () => {
    expect(redact('esdb://admin:secret@host:2113?tls=true')).toBe('esdb://admin:***@host:2113?tls=true');
    expect(redact('AccountName=a;AccountKey=b;EndpointSuffix=c')).toBe('AccountName=a;AccountKey=***;EndpointSuffix=c');
    expect(redact('esdb://a@corp:p@ss@host:2113')).toBe('esdb://a@corp:***@host:2113');
    expect(redact('https://a.example/hook?token=b&code=c&x=1')).toBe('https://a.example/hook?token=***&code=***&x=1');
  });

  test.each([
    'chunk 00000061-2013-10-18-091001.dat, offset 27385, sha1 00112233445566778899aabbccddeeff00112233',
    'https://account.blob.core.windows.net/tapes?comp=list',
    'esdb://127.0.0.1:2113?tls=false',
    'connect ECONNREFUSED (code=14, token 3)',
  ])('redact leaves %s as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('redact cuts a key of 32,000 characters, so that it holds up nothing', () => {
    expect(redact('k'.repeat(32_000))).toMatch(/^k{9744}\.\.\.$/);
  });

  test.each([9_950, 9_980, 9_990])('redact shows no part of a secret that it cuts in two, at %i', (at) => {
    const text = `${' '.repeat(at)}esdb://admin:s3cret-s3cret-s3cret-s3cret@host ${'x'.repeat(5_000)}`;
    expect(redact(text)).not.toContain('s3');
  });

  test.each(['a.', 'a://b:', 'Shared', 'AccountKey ', 'token', '-----BEGIN PRIVATE KEY'])(
    'redact takes time in proportion to the length of a text, also of one full of %j',
    (part) => {
      const [short, long] = [1_200, 9_600].map((length) => part.repeat(length).slice(0, length)) as [string, string];
      const one = leastTime(() => redact(long));
      const eight = leastTime(() => {
        for (let time = 0; time < 8; time += 1) redact(short);
      });
      expect(one / eight).toBeLessThan(5);
    },
  );
});

/** The time that work takes when nothing else gets in its way. */
function leastTime(work: () => void): number {
  const times = Array.from({ length: 20 }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
  return Math.min(...times);
}
