import { describe, expect, test } from 'vitest';
import { makeSecrets, rotatePassword } from '../../../infra/tools/vault/vaultSecrets.js';
import { MemoryVault } from './memoryVault.js';

describe('The secrets of a deployment', () => {
  test('The secrets of a deployment are made once: a second deployment makes none and changes none', () => {
    const vault = new MemoryVault();
    expect(makeSecrets(vault)).toHaveLength(8);
    const before = structuredClone(vault.versions);
    expect(makeSecrets(vault)).toEqual([]);
    expect(vault.versions).toEqual(before);
  });

  test('The secrets of a deployment are not made anew when a deployment broke off between two of them', () => {
    const whole = new MemoryVault();
    makeSecrets(whole);
    for (const name of ['eventstore-connection-string', 'eventferry-password', 'eventstore-certificate']) {
      const vault = new MemoryVault();
      Object.assign(vault.versions, structuredClone(whole.versions));
      Reflect.deleteProperty(vault.versions, name);
      makeSecrets(vault);
      expect(vault.get('eventstore-admin-password')).toBe(whole.get('eventstore-admin-password'));
      expect(vault.get('eventstore-ca')).toBe(whole.get('eventstore-ca'));
    }
  });

  test('Password and connection string of a deployment stay together when the replicator gets a new password', () => {
    const vault = new MemoryVault();
    makeSecrets(vault);
    const before = vault.get('eventferry-password');
    rotatePassword(vault, 'eventferry');
    expect(vault.get('eventferry-password')).not.toBe(before);
    expect(vault.get('eventstore-connection-string')).toContain(`:${vault.get('eventferry-password')}@`);
    expect(vault.versions['eventferry-password']).toHaveLength(2);
  });

  test('The secrets of a deployment are not made when the vault has only half of the authority', () => {
    const vault = new MemoryVault();
    makeSecrets(vault);
    Reflect.deleteProperty(vault.versions, 'eventstore-ca-key');
    expect(() => makeSecrets(vault)).toThrow('only one half of the authority');
  });
});
