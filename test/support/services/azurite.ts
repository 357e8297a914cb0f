import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';

/** The connection string of the Azurite that all tests of a run share; each uses containers and tables of its own. */
export function azuriteConnectionString(): string {
  return inject('azuriteConnectionString');
}

/** A container name that no other test uses. The container does not exist yet. */
export function freshContainerName(prefix = 'tapes'): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/** A table name that no other test uses. The table does not exist yet. */
export function freshTableName(prefix = 'checkpoint'): string {
  return `${prefix}${randomBytes(6).toString('hex')}`;
}
