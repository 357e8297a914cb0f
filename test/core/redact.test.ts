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
  });

  test.each([
    'chunk 00000061-2013-10-18-091001.dat, offset 27385, sha1 00112233445566778899aabbccddeeff00112233',
    'https://account.blob.core.windows.net/tapes?comp=list',
    'esdb://127.0.0.1:2113?tls=false',
  ])('redact leaves %s as it is', (text) => {
    expect(redact(text)).toBe(text);
  });
});
