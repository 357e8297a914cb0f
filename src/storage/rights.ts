import type { StorageConnection } from './connection.js';

/** What a connection may do, as far as the connection itself says so; no request is made. */
export type StorageRights =
  /** The emulator's well-known key: no secret, and nothing to protect. */
  | { readonly kind: 'emulator' }
  /** An account key may do everything. */
  | { readonly kind: 'key' }
  /** The rights of an identity are kept in Azure; the connection does not say them. */
  | { readonly kind: 'identity' }
  | {
      readonly kind: 'signature';
      /** Letters of `sp`, such as `rl`; undefined where a stored access policy has them. */
      readonly permissions: string | undefined;
      /** Services (`ss`) and resource types (`srt`) of an account signature; undefined for any other signature. */
      readonly services?: string;
      readonly resourceTypes?: string;
      /** Milliseconds since 1970; undefined where a stored access policy has them. */
      readonly startsAt: number | undefined;
      readonly expiresAt: number | undefined;
    };

const emulatorAccount = 'devstoreaccount1';

/** Reads what a storage connection may do from its kind and, for a shared access signature, from its parameters. */
export function rightsOf(connection: StorageConnection): StorageRights {
  switch (connection.kind) {
    case 'identity':
      return { kind: 'identity' };
    case 'url':
      return signatureRights(new URL(connection.url).searchParams);
    case 'connectionString': {
      const signature = /(?:^|;)\s*SharedAccessSignature=\??([^;]*)/i.exec(connection.value)?.[1];
      if (signature !== undefined) return signatureRights(new URLSearchParams(signature));
      const emulated =
        connection.value.startsWith('UseDevelopmentStorage=') || connection.value.includes(`=${emulatorAccount};`);
      return { kind: emulated ? 'emulator' : 'key' };
    }
  }
}

function signatureRights(parameters: URLSearchParams): StorageRights {
  const [services, resourceTypes] = [parameters.get('ss'), parameters.get('srt')];
  return {
    kind: 'signature',
    permissions: parameters.get('sp') ?? undefined,
    ...(services !== null && { services }),
    ...(resourceTypes !== null && { resourceTypes }),
    startsAt: timeOf(parameters.get('st')),
    expiresAt: timeOf(parameters.get('se')),
  };
}

function timeOf(text: string | null): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}
