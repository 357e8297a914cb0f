import { serviceUrl } from '../storage/connection.js';
import type { IdentityConnection, StorageConnection, StorageService } from '../storage/connection.js';
import type { Given, SettingProblem } from './problems.js';

/** Either a connection, or what is wrong with its settings; `expected` never holds the value, which may be a secret. */
export type ConnectionReading =
  { readonly connection: StorageConnection } | { readonly problems: readonly SettingProblem[] };

/** The parts of a connection as Azure writes them, `NAME__part`. */
const parts = ['accountName', 'serviceUri', 'blobServiceUri', 'tableServiceUri', 'credential', 'clientId'] as const;
type Part = (typeof parts)[number];

/** Every setting name that belongs to the connection. */
export function connectionSettingNames(name: string): readonly string[] {
  return [name, ...parts.map((part) => `${name}__${part}`)];
}

/**
 * Reads a storage connection in the forms that Azure Functions knows: `NAME` holds a connection string or a URL with a
 * SAS, or `NAME__accountName`, `NAME__serviceUri`, `NAME__blobServiceUri` and `NAME__tableServiceUri` name the account
 * and an identity is used (`NAME__credential`, `NAME__clientId`). `NAME` wins when both are there, as in Azure.
 *
 * @param service the service that will be used: a connection without it is wrong.
 * @param within the container or table; a URL may end in it.
 */
export function readStorageConnection(
  settings: Given,
  name: string,
  service: StorageService,
  within: string | undefined,
): ConnectionReading {
  const value = settings[name];
  if (value === undefined) return readIdentity(settings, name, service);
  if (/^https?:/i.test(value)) return readUrl(value, name, service, within);
  return readConnectionString(value, name, service);
}

const expectedForms = 'a storage connection string, a service URL with a SAS, or NAME__accountName with an identity';

function readConnectionString(value: string, name: string, service: StorageService): ConnectionReading {
  if (/^\s*UseDevelopmentStorage=true\b/i.test(value)) {
    return { connection: { kind: 'connectionString', value: 'UseDevelopmentStorage=true' } };
  }
  const fields = fieldsOf(value);
  if (fields === undefined) return wrong(name, expectedForms);
  const has = (field: string) => (fields.get(field.toLowerCase()) ?? '') !== '';
  const endpoint = service === 'blob' ? 'BlobEndpoint' : 'TableEndpoint';
  if (has('SharedAccessSignature')) {
    return has(endpoint) ? stringConnection(value) : wrong(name, `a connection string with SAS that names ${endpoint}`);
  }
  if (!has('AccountName') || !has('AccountKey')) return wrong(name, expectedForms);
  // A connection string may leave both out, but the SDKs need them.
  const protocol = has('DefaultEndpointsProtocol') ? '' : 'DefaultEndpointsProtocol=https;';
  const suffix = has('EndpointSuffix') || has(endpoint) ? '' : ';EndpointSuffix=core.windows.net';
  return stringConnection(`${protocol}${value.replace(/[;\s]+$/, '')}${suffix}`);
}

function stringConnection(value: string): ConnectionReading {
  return { connection: { kind: 'connectionString', value } };
}

/** Names in lower case; undefined when a part is not `name=value`. */
function fieldsOf(value: string): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const part of value.split(';')) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    if (equals < 1) return undefined;
    fields.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return fields;
}

function readUrl(value: string, name: string, service: StorageService, within: string | undefined): ConnectionReading {
  if (!URL.canParse(value)) return wrong(name, 'a URL');
  const url = new URL(value);
  const named = serviceNamedBy(url);
  if (named !== undefined && named !== service) return wrong(name, `a URL of the ${service} service`);
  if (!url.searchParams.has('sig')) {
    return wrong(name, `a URL with a SAS; to use an identity, set ${name}__serviceUri instead`);
  }
  const path = url.pathname.split('/').filter((segment) => segment !== '');
  if (within !== undefined && path.at(-1) === within) path.pop();
  const emulated = named === undefined && /^[\d.]+$|^localhost$/.test(url.hostname);
  if (path.length > (emulated ? 1 : 0)) return wrong(name, `a URL of the ${service} service, or of what is used in it`);
  url.pathname = path.join('/');
  return { connection: { kind: 'url', url: url.href } };
}

/** The service by its host name in Azure; undefined for any other host name. */
function serviceNamedBy({ hostname }: URL): string | undefined {
  return /\.(blob|table|queue|file|dfs)\./.exec(hostname)?.[1];
}

function readIdentity(settings: Given, name: string, service: StorageService): ConnectionReading {
  const given = new Map(parts.map((part) => [part, settings[`${name}__${part}`]]));
  const problems = parts.flatMap((part) => {
    const value = given.get(part);
    const expected = value === undefined ? undefined : expectedInstead(value, part, serviceOf(part, given, service));
    return expected === undefined ? [] : [{ name: `${name}__${part}`, expected }];
  });
  if (problems.length > 0) return { problems };
  const connection = identityOf(given, service);
  if (serviceUrl(connection, service) === undefined) {
    return wrong(`${name}__accountName`, `the account's name, or ${name}__${service}ServiceUri`);
  }
  return { connection };
}

/** The form that is expected instead of a wrong value; undefined for a right one. */
function expectedInstead(value: string, part: Part, service: StorageService | undefined): string | undefined {
  const { shape, expected } = rules[part];
  if (!shape.test(value)) return expected;
  if (service === undefined) return undefined;
  if (!URL.canParse(value)) return expected;
  const named = serviceNamedBy(new URL(value));
  return named === undefined || named === service ? undefined : `a URL of the ${service} service`;
}

/** The service that a part leads to: `serviceUri` to the one that is used, unless that has a part of its own. */
function serviceOf(
  part: Part,
  given: ReadonlyMap<Part, string | undefined>,
  used: StorageService,
): StorageService | undefined {
  if (part === 'serviceUri') return given.get(`${used}ServiceUri`) === undefined ? used : undefined;
  if (part === 'blobServiceUri') return 'blob';
  return part === 'tableServiceUri' ? 'table' : undefined;
}

function identityOf(given: ReadonlyMap<Part, string | undefined>, service: StorageService): IdentityConnection {
  const [accountName, clientId] = [given.get('accountName'), given.get('clientId')];
  const uri = (of: StorageService) =>
    given.get(`${of}ServiceUri`) ?? (of === service ? given.get('serviceUri') : undefined);
  const [blobServiceUri, tableServiceUri] = [uri('blob'), uri('table')];
  return {
    kind: 'identity',
    ...(accountName !== undefined && { accountName }),
    ...(blobServiceUri !== undefined && { blobServiceUri }),
    ...(tableServiceUri !== undefined && { tableServiceUri }),
    ...(given.get('credential') !== undefined && { credential: 'managedidentity' as const }),
    ...(clientId !== undefined && { clientId }),
  };
}

const uriRule = { shape: /^https:\/\/[^/?#\s]+\/?$/, expected: 'https://ACCOUNT.SERVICE.core.windows.net' };
const rules: Record<Part, { readonly shape: RegExp; readonly expected: string }> = {
  accountName: { shape: /^[a-z0-9]{3,24}$/, expected: 'an account name: 3 to 24 lower-case letters and digits' },
  serviceUri: uriRule,
  blobServiceUri: uriRule,
  tableServiceUri: uriRule,
  credential: { shape: /^managedidentity$/i, expected: 'managedidentity, or nothing for the identity of the machine' },
  clientId: {
    shape: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    expected: 'the client id of a user-assigned identity, a UUID',
  },
};

function wrong(name: string, expected: string): ConnectionReading {
  return { problems: [{ name, expected: expected.replaceAll('NAME', name) }] };
}
