import { printable } from './text.js';

/** The longest text that is looked at; what is longer is cut. */
const maxLength = 10_000;
/** No secret that is known by its end is longer. */
const maxSecret = 256;

/**
 * A safety net: replaces what looks like a secret - the key of a storage account, a signature, a password in a URL, the
 * path of a well-known webhook, a bearer token, a private key - by `***`. Code must still never put a secret into a log
 * line or an error. A text of more than 10,000 characters is cut, so that none holds up the process.
 */
export function redact(text: string): string {
  // A secret that is cut in two is not recognized: what it may cover is left out.
  if (text.length > maxLength) return `${redacted(text.slice(0, maxLength)).slice(0, -maxSecret).toWellFormed()}...`;
  return redacted(text);
}

function redacted(text: string): string {
  return patterns.reduce((safe, [pattern, replacement]) => safe.replace(pattern, replacement), text);
}

/** Each takes time in proportion to the text: where a repeated part can be long, the pattern cannot start inside it. */
// guard: redaction-of-secrets
const patterns: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, '***'],
  [/((?:Account|Shared\w{0,20}|primary|secondary)Key\s*=\s*)[^;\s"',]+/gi, '$1***'],
  [/(SharedAccessSignature\s*=\s*)[^;\s"',]+/gi, '$1***'],
  [/((?:[?&;]code|\b(?:sig|signature))=)[^&;\s"',]+/gi, '$1***'],
  [/((?:password|passwd|pwd|secret|token)\\?["']?\s*[=:]\s*\\?["']?)[^&;\s"',}\\]+/gi, '$1***'],
  // A user or a password may hold `@`: the last one ends it.
  [/(:\/\/[^\s:/"']{0,200}:)[^\s"']{1,256}@/g, '$1***@'],
  [
    /((?:hooks\.slack(?:-gov)?\.com|\.webhook\.office\.com|outlook\.office(?:365)?\.com\/webhook\w{0,10}|discord(?:app)?\.com\/api(?:\/v\d{1,3})?\/webhooks|hc-ping\.com)\/)[^\s"'<>]+/gi,
    '$1***',
  ],
  [/(\b(?:Bearer|Basic|SharedKey(?:Lite)?)\s+)[\w.:+/=-]{8,}/g, '$1***'],
];

/**
 * One line of JSON with every text redacted and every control character escaped. A bigint becomes its digits, an error
 * its name and message.
 */
export function redactedJson(value: unknown): string {
  return printable(JSON.stringify(value, plain) ?? 'null');
}

function plain(name: string, value: unknown): unknown {
  if (typeof value === 'string') return secretName.test(name) ? '***' : redact(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}

const secretName = /(?:password|passwd|pwd|secret|token)$/i;
