import { iso } from '../core/time.js';
import type { StorageRights } from '../storage/rights.js';
import { good, soonMs, warning, wrong, type Check, type Finding } from './finding.js';

/** The rights that the source's connection needs. */
export const sourceNeeds = {
  check: 'sourceRights',
  /** Letters of a signature's `sp`, with what each is for. */
  letters: { r: 'read', l: 'list' },
  /** Letter of a signature's `ss`, and letters of its `srt`. */
  service: 'b',
  resourceTypes: 'co',
  /** The role that an identity needs. */
  role: 'Storage Blob Data Reader',
  /** True where Eventferry never writes. */
  readsOnly: true,
} as const;

export const checkpointNeeds = {
  check: 'checkpointRights',
  letters: { r: 'query', a: 'add', u: 'update' },
  service: 't',
  resourceTypes: 'o',
  role: 'Storage Table Data Contributor',
  readsOnly: false,
} as const;

type Needs = typeof sourceNeeds | typeof checkpointNeeds;

/** Checks the rights of a connection by what the connection itself says: no request is made. */
export function rightsFindings(rights: StorageRights, needs: Needs, nowMs: number): Finding[] {
  const { check, role, readsOnly } = needs;
  switch (rights.kind) {
    case 'emulator':
      return [good(check, 'the storage emulator: its key is public')];
    case 'identity':
      return [good(check, `an identity; it needs the role ${role}`)];
    case 'key':
      return readsOnly
        ? [
            warning(
              check,
              'The connection has the account key, which may do everything; Eventferry only ever reads.',
              `Use an identity with the role ${role}, or a shared access signature with sp=rl.`,
            ),
          ]
        : [good(check, 'the account key, which may do everything')];
    case 'signature':
      return signatureFindings(rights, needs, nowMs);
  }
}

type Signature = Extract<StorageRights, { kind: 'signature' }>;

function signatureFindings(rights: Signature, needs: Needs, nowMs: number): Finding[] {
  const { check, letters } = needs;
  const again = `Make a new signature with sp=${Object.keys(letters).join('')}.`;
  const findings = [...scopeFindings(rights, needs), ...timeFindings(rights, check, nowMs, again)];
  if (rights.permissions === undefined) return findings.length > 0 ? findings : [good(check, 'by a stored policy')];
  const given = rights.permissions;
  const missing = Object.entries(letters).filter(([letter]) => !given.includes(letter));
  if (missing.length > 0) {
    const what = missing.map(([letter, right]) => `${right} (${letter})`).join(' and ');
    findings.push(wrong(check, `The signature (sp=${given}) does not allow to ${what}.`, again));
  }
  const extra = [...given].filter((letter) => !(letter in letters));
  if (needs.readsOnly && extra.length > 0) {
    findings.push(
      warning(check, `The signature (sp=${given}) allows more than to read; Eventferry only ever reads.`, again),
    );
  }
  return findings.length > 0 ? findings : [good(check, `a shared access signature with sp=${given}`)];
}

/** An account signature names services and resource types; one of a container or table does not. */
function scopeFindings({ services, resourceTypes }: Signature, needs: Needs): Finding[] {
  const { check, service } = needs;
  const findings: Finding[] = [];
  if (services !== undefined && !services.includes(service)) {
    findings.push(wrong(check, `The signature is for other services (ss=${services}).`, `Include ss=${service}.`));
  }
  if (resourceTypes !== undefined && ![...needs.resourceTypes].every((type) => resourceTypes.includes(type))) {
    findings.push(
      wrong(check, `The signature does not reach what is needed (srt=${resourceTypes}).`, 'Make one with srt=co.'),
    );
  }
  return findings;
}

function timeFindings({ startsAt, expiresAt }: Signature, check: Check, nowMs: number, again: string): Finding[] {
  if (expiresAt !== undefined && expiresAt <= nowMs) {
    return [wrong(check, `The signature expired on ${iso(expiresAt)}.`, again)];
  }
  if (startsAt !== undefined && startsAt > nowMs) {
    return [wrong(check, `The signature is valid only from ${iso(startsAt)} on.`, `Wait until then. ${again}`)];
  }
  if (expiresAt !== undefined && expiresAt - nowMs < soonMs) {
    return [warning(check, `The signature expires on ${iso(expiresAt)}.`, again)];
  }
  return [];
}
