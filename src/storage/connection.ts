import type { TokenCredential } from '@azure/identity';

/** The two services of a storage account that Eventferry uses. */
export type StorageService = 'blob' | 'table';

/** How to reach a storage account and prove who we are. Holds secrets: never log one. */
export type StorageConnection =
  /** Complete, as the SDKs need it: with protocol and endpoints, or `UseDevelopmentStorage=true`. */
  | { readonly kind: 'connectionString'; readonly value: string }
  /** A service URL with a shared access signature. */
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'identity';
      readonly accountName?: string;
      readonly blobServiceUri?: string;
      readonly tableServiceUri?: string;
      /** `managedidentity`: only that; absent: whatever identity the machine has. */
      readonly credential?: 'managedidentity';
      /** Which user-assigned managed identity. */
      readonly clientId?: string;
    };

export type IdentityConnection = Extract<StorageConnection, { kind: 'identity' }>;

/**
 * The identity that an `identity` connection names. `NAME__credential=managedidentity` means the managed identity, as
 * the Functions host reads it; without it, the usual chain that also finds a developer's sign-in. The package, which
 * takes 15 MB, is loaded for the first token: a connection string does not need it.
 */
export function azureCredential(connection: IdentityConnection): TokenCredential {
  let loaded: Promise<TokenCredential> | undefined;
  return {
    getToken: async (scopes, options) => {
      const credential = await (loaded ??= loadCredential(connection));
      return credential.getToken(scopes, options);
    },
  };
}

/** The credential that {@link azureCredential} gets tokens from. */
export async function loadCredential({ credential, clientId }: IdentityConnection): Promise<TokenCredential> {
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity');
  if (credential === 'managedidentity') {
    return new ManagedIdentityCredential(clientId === undefined ? {} : { clientId });
  }
  return new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId });
}

/** The URL of a service of the account; undefined when the connection names neither the account nor that service. */
export function serviceUrl(connection: IdentityConnection, service: StorageService): string | undefined {
  const uri = service === 'blob' ? connection.blobServiceUri : connection.tableServiceUri;
  if (uri !== undefined) return uri;
  const { accountName } = connection;
  return accountName === undefined ? undefined : `https://${accountName}.${service}.core.windows.net`;
}

/** The account's name, for messages; never a secret. */
export function accountOf(connection: StorageConnection): string {
  switch (connection.kind) {
    case 'connectionString':
      return accountOfConnectionString(connection.value);
    case 'url':
      return accountOfUrl(connection.url);
    case 'identity':
      return (
        connection.accountName ?? accountOfUrl(connection.blobServiceUri ?? connection.tableServiceUri ?? 'unknown')
      );
  }
}

function accountOfConnectionString(value: string): string {
  if (value.startsWith('UseDevelopmentStorage=')) return 'devstoreaccount1';
  const named = /(?:^|;)\s*AccountName=([^;]*)/i.exec(value)?.[1];
  const endpoint = /(?:^|;)\s*(?:Blob|Table)Endpoint=([^;]*)/i.exec(value)?.[1];
  return named ?? accountOfUrl(endpoint ?? 'unknown');
}

/** `https://ACCOUNT.blob.core.windows.net`, or as emulators have it, `http://127.0.0.1:10000/ACCOUNT`. */
function accountOfUrl(text: string): string {
  if (!URL.canParse(text)) return text;
  const { hostname, pathname } = new URL(text);
  const emulated = /^[\d.]+$|^localhost$|^\[/.test(hostname);
  return (emulated ? pathname.split('/')[1] : hostname.split('.')[0]) ?? hostname;
}
