/** The stand-in for a value that only Azure knows, such as the client id of an identity. */
export const unknownId = '00000000-0000-4000-8000-000000000000';

interface Reference {
  readonly resource: string;
  readonly path: readonly string[];
}

/**
 * Evaluates an expression of an ARM template. It knows what this project's snapshots use: literals, `join`,
 * `createArray`, `format`, `base64`, and `environment()` of the public cloud. A property of a resource becomes a
 * stand-in.
 *
 * @param text an expression in brackets; a text without brackets is returned as it is
 */
export function evaluate(text: string): string {
  if (!/^\[(?!\[)[^]*\]$/.test(text)) return text;
  const parser = new Parser(text.slice(1, -1));
  return textOf(parser.expression());
}

const publicCloud = { suffixes: { storage: 'core.windows.net', keyvaultDns: '.vault.azure.net' } };

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  expression(): unknown {
    const literal = this.take(/\s*'((?:[^']|'')*)'/y);
    if (literal) return (literal[1] ?? '').replaceAll("''", "'");
    const number = this.take(/\s*(-?\d+)/y);
    if (number) return Number(number[1]);
    const name = this.take(/\s*([A-Za-z]\w*)\(/y)?.[1];
    if (name === undefined) throw new Error(`not understood: ${this.text.slice(this.at, this.at + 80)}`);
    const values: unknown[] = [];
    while (!this.take(/\s*\)/y)) {
      values.push(this.expression());
      this.take(/\s*,/y);
    }
    return this.properties(call(name, values));
  }

  /** Follows `.name`, any number of times. */
  private properties(value: unknown): unknown {
    let found = value;
    for (let name = this.take(/\.(\w+)/y)?.[1]; name !== undefined; name = this.take(/\.(\w+)/y)?.[1]) {
      found = isReference(found)
        ? { ...found, path: [...found.path, name] }
        : (found as Readonly<Record<string, unknown>>)[name];
    }
    return found;
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }
}

function call(name: string, values: readonly unknown[]): unknown {
  switch (name) {
    case 'createArray':
      return values;
    case 'join':
      return (values[0] as readonly unknown[]).map(textOf).join(textOf(values[1]));
    case 'format':
      return textOf(values[0]).replace(/\{(\d+)\}/g, (_, index: string) => textOf(values[Number(index) + 1]));
    case 'base64':
      return Buffer.from(textOf(values[0])).toString('base64');
    case 'environment':
      return publicCloud;
    case 'reference':
      return { resource: textOf(values[0]), path: [] } satisfies Reference;
    default:
      throw new Error(`the function ${name} is not understood`);
  }
}

function isReference(value: unknown): value is Reference {
  return typeof value === 'object' && value !== null && 'resource' in value;
}

function textOf(value: unknown): string {
  if (isReference(value)) {
    const property = value.path.at(-1) ?? '';
    if (property === 'clientId') return unknownId;
    if (property === 'ConnectionString') {
      return `InstrumentationKey=${unknownId};IngestionEndpoint=https://westeurope.in.applicationinsights.azure.com/`;
    }
    return `https://${property.toLowerCase()}.example/`;
  }
  return String(value);
}
