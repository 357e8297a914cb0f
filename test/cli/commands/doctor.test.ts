import { describe, expect, test } from 'vitest';

import { checks } from '../../../src/doctor/finding.js';
import { sharedEmbeddedServer } from '../../support/services/embeddedServer.js';
import { Ferry, numbered } from '../../support/ferry.js';
import { eventferry, password } from '../commandLine.js';

const server = sharedEmbeddedServer();

describe('eventferry doctor', () => {
  test('eventferry doctor prints one line a check, in order, and ends with 0 when nothing is wrong', async () => {
    const ferry = await Ferry.open(server());
    await ferry.write('00000000-2013-10-15-080000.dat', numbered(1, 3));
    const { code, stdout, stderr } = await eventferry(['doctor'], ferry.environment());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n').filter((line) => /^[✓!✗-] /.test(line));
    const named = lines.map((line) => Object.values(checks).find((label) => line.slice(2).startsWith(`${label}  `)));
    expect([...new Set(named)]).toEqual(Object.values(checks));
    expect(stdout).toMatch(/^✓ Chunks +1 chunks, \d+ bytes: varint frames/m);
    expect(stdout).toMatch(/^! Stream name .*\n +Next: .*TARGET_STREAM/m);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^Nothing is wrong, \d+ warnings$/);
  });

  test('eventferry doctor names the next step and ends with 1 when something is wrong', async () => {
    const ferry = await Ferry.open(server(), {
      EVENTSTORE_CONNECTION_STRING: `esdb://admin:${password}@127.0.0.1:1?tls=false`,
    });
    const { code, stdout } = await eventferry(['doctor'], ferry.environment());
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ Server +Nothing answers at 127\.0\.0\.1:1: ECONNREFUSED\.\n +Next: Check the address/m);
    expect(stdout).toMatch(/^- Leader +not looked at: the server cannot be reached$/m);
  });

  test('eventferry doctor names every setting that is wrong, and checks no further', async () => {
    const { code, stdout } = await eventferry(['doctor'], { SOURCE_CONTAINER: 'UPPER' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ Settings +SOURCE_CONTAINER is "UPPER"; expected a container name/m);
    expect(stdout).toMatch(/^✗ Settings +EVENTSTORE_CONNECTION_STRING expected/m);
    expect(stdout).toMatch(/^- Source +not looked at: the settings are wrong$/m);
  });

  test('eventferry doctor --json says the same as JSON', async () => {
    const ferry = await Ferry.open(server());
    const { code, stdout } = await eventferry(['doctor', '--json'], ferry.environment());
    expect(code).toBe(0);
    const { healthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: { check: string }[] };
    expect(healthy).toBe(true);
    expect([...new Set(findings.map(({ check }) => check))]).toEqual(Object.keys(checks));
  });
});
