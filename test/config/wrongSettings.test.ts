import { describe, expect, test } from 'vitest';

import { loadConfig } from '../../src/config/config.js';
import type { Environment } from '../../src/config/config.js';
import type { SettingProblem } from '../../src/config/problems.js';
import { Failure } from '../../src/core/failure.js';
import { minimal } from './minimalSettings.js';

function problemsOf(env: Environment): readonly SettingProblem[] {
  return failureOf(env).facts['problems'] as SettingProblem[];
}

function failureOf(env: Environment): Failure {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof Failure) return error;
  }
  throw new Error('every setting was accepted');
}

describe('Settings that are missing or wrong', () => {
  test('Missing and wrong settings are all named at once, each with what was expected', () => {
    const failure = failureOf({ RUN_SECONDS: '241', ON_DAMAGE: 'hope' });
    expect(failure).toMatchObject({ kind: 'SettingsInvalid', policy: 'usage' });
    expect(failure.facts['problems']).toEqual([
      { name: 'SOURCE_CONTAINER', expected: expect.stringMatching(/container name/) as string },
      { name: 'ON_DAMAGE', given: 'hope', expected: 'stop, skip or salvage' },
      { name: 'EVENTSTORE_CONNECTION_STRING', expected: expect.stringMatching(/^esdb:/) as string },
      { name: 'RUN_SECONDS', given: '241', expected: 'a whole number from 5 to 240' },
      { name: 'SOURCE_STORAGE', expected: expect.stringMatching(/AzureWebJobsStorage/) as string },
      { name: 'CHECKPOINT_STORAGE', expected: expect.stringMatching(/AzureWebJobsStorage/) as string },
    ]);
    for (const { name, expected } of failure.facts['problems'] as SettingProblem[]) {
      expect(failure.message).toContain(name);
      expect(failure.message).toContain(expected);
    }
  });

  test.each([
    ['SOURCE_CONTAINER', ['Tapes', 'ta', 'ta--pes', '-tapes', 'x'.repeat(64), '$root']],
    ['SOURCE_ID', ['$all', 'köln', 'x'.repeat(201)]],
    ['TARGET_STREAM', ['$ce-billing', 'straße', 'tab\tbed']],
    ['CHECKPOINT_TABLE', ['event-ferry', '1st', 'ab', 'Tables']],
    ['BODY_MODE', ['RAW']],
    ['TYPE_MAP', ['a', 'a=', '=b', 'a=$b', 'a=b,c', 'a=b,a=c']],
    ['WHEN_CAUGHT_UP', ['sleep']],
    ['REPLICATION_SCHEDULE', ['every minute', '00:01:00', '0 0 * *']],
    ['RUN_SECONDS', ['0', '4', '-1', '1.5', '1e2', 'sixty', '60s']],
    ['IDLE_POLL_MS', ['0', '60001']],
    ['READ_RECORDS', ['0']],
    ['APPEND_BYTES', ['1', '99999999999']],
    ['NOTIFY_WEBHOOK_URL', ['hooks.example/x', 'ftp://hooks.example/x', 'https://user:pw@hooks.example/x']],
    ['HEARTBEAT_URL', ['localhost:80', 'mailto:a@b']],
    ['EVENTSTORE_TLS_CA', ['-----BEGIN CERTIFICATE-----\nnot\n-----END CERTIFICATE-----', 'bm90']],
    [
      'EVENTSTORE_CONNECTION_STRING',
      ['localhost:2113', 'https://db:2113', 'esdb://', 'esdb://db:port', 'esdb:///?tls=true'],
    ],
  ] as const)('%s may not be any of %j', (name, values) => {
    for (const value of values) {
      expect(problemsOf({ ...minimal, [name]: value }).map((problem) => problem.name)).toEqual([name]);
    }
  });

  test('Values of settings that may be secret are never repeated in messages', () => {
    const secret = 'hunter2hunter2';
    const wrong = {
      SOURCE_STORAGE: `AccountKey=${secret}`,
      CHECKPOINT_STORAGE: `https://x.queue.core.windows.net/?sig=${secret}`,
      EVENTSTORE_CONNECTION_STRING: `http://admin:${secret}@db`,
      EVENTSTORE_TLS_CA: secret,
      NOTIFY_WEBHOOK_URL: `hooks.example/${secret}`,
      HEARTBEAT_URL: `ftp://beats.example/${secret}`,
      SOURCE_CONTAINER: `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${secret}`,
      TARGET_STREAM: `$esdb://admin:${secret}@db`,
    };
    const failure = failureOf({ ...minimal, ...wrong });
    expect((failure.facts['problems'] as SettingProblem[]).map(({ name }) => name).sort()).toEqual(
      Object.keys(wrong).sort(),
    );
    expect(failure.message + JSON.stringify(failure.facts)).not.toContain(secret);
  });

  test.each([
    'EVENTSTORE_CONNECTION_STRING',
    'NOTIFY_WEBHOOK_URL',
    'AzureWebJobsStorage',
    'SOURCE_ID',
    'SOURCE_STORAGE__accountName',
  ])('A setting is called unresolved where %s still is a Key Vault reference', (name) => {
    const value = '@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/x)';
    const problems = problemsOf({ ...minimal, [name]: value });
    expect(problems).toEqual([
      { name, expected: expect.stringMatching(/Key Vault reference.*not resolved/) as string },
    ]);
  });
});
