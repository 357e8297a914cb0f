/**
 * A safety net: replaces what looks like a secret - the key of a storage account, a signature, a password in a URL, the
 * path of a well-known webhook, a bearer token, a private key - by `***`. Code must still never put a secret into a log
 * line or an error.
 */
export function redact(text: string): string {
  return patterns.reduce((safe, [pattern, replacement]) => safe.replace(pattern, replacement), text);
}

// guard: redaction-of-secrets
const patterns: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[\s\S]*?(?:-----END \1-----|$)/g, '***'],
  [/((?:Account|Shared\w*|primary|secondary)Key\s*=\s*)[^;\s"',]+/gi, '$1***'],
  [/(SharedAccessSignature\s*=\s*)[^;\s"',]+/gi, '$1***'],
  [/(\b(?:sig|signature)=)[^&;\s"',]+/gi, '$1***'],
  [/(\b(?:password|passwd|pwd|secret|client_secret|access_token)\\?["']?\s*[=:]\s*\\?["']?)[^&;\s"',}\\]+/gi, '$1***'],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"']*:)[^\s@"']+@/gi, '$1***@'],
  [
    /(\b(?:hooks\.slack\.com|[\w.-]+\.webhook\.office\.com|outlook\.office\.com\/webhook|hc-ping\.com)\/)[^\s"'<>]+/gi,
    '$1***',
  ],
  [/(\b(?:Bearer|Basic|SharedKey(?:Lite)?)\s+)[\w.:+/=-]{8,}/g, '$1***'],
];

/** One line of JSON with every text redacted. A bigint becomes its digits, an error its name and message. */
export function redactedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => plain(part)) ?? 'null';
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}
