import { expect, test } from 'vitest';
import { redactedJson } from '../../src/core/redact.js';

test('Text is redacted wherever it stands, and the JSON stays valid', () => {
  const given = { list: ['https://a.example/c?sig=abc%2B'], quoted: 'password="open\\"sesame"', count: 3, on: true };
  expect(JSON.parse(redactedJson(given))).toEqual({
    list: ['https://a.example/c?sig=***'],
    quoted: expect.stringMatching(/^password="\*\*\*/) as string,
    count: 3,
    on: true,
  });
});

test('What JSON cannot hold is shown as text', () => {
  expect(redactedJson({ position: 2n ** 63n, cause: new TypeError('no port') })).toBe(
    '{"position":"9223372036854775808","cause":{"name":"TypeError","message":"no port"}}',
  );
  expect(redactedJson(undefined)).toBe('null');
});

test('A text under the name of a secret is redacted whatever it is, and control characters are escaped', () => {
  expect(redactedJson({ password: 'x', accessToken: 'y', code: 'AuthorizationFailure', type: '\u009b2J' })).toBe(
    '{"password":"***","accessToken":"***","code":"AuthorizationFailure","type":"\\u009b2J"}',
  );
});

test('Each text is bounded, so that the JSON of a failure holds up nothing', () => {
  const key = 'k'.repeat(32_000);
  expect(redactedJson({ key, inner: [key] }).length).toBeLessThan(20_000);
});
