import { isUtf8 } from 'node:buffer';
import { asBuffer } from './body/asBuffer.js';

/** An event's type, or why the contract name cannot become a type. */
export type EventType = { readonly type: string } | { readonly refused: string; readonly shown: string };

const cachedNames = 4096;
const cachedNameBytes = 512;

/**
 * Turns contract names into event types. A mapped name gets the type that it is mapped to. From any other name, the
 * longest of the given namespaces that it starts with is removed, with the `/` that follows; without one, the name
 * stays as it is. Nothing else is cut: a name may hold more slashes, in its namespace and between outer types.
 *
 * A type that is empty, starts with `$` (the server's own) or is not UTF-8 is refused.
 */
export function createEventType(
  typeMap: Readonly<Record<string, string>>,
  stripNamespaces: readonly string[],
): (contract: Uint8Array) => EventType {
  const mapped = new Map(Object.entries(typeMap));
  const prefixes = stripNamespaces.map((namespace) => `${namespace}/`).sort((one, other) => other.length - one.length);
  const known = new Map<string, EventType>();

  const decide = (contract: Buffer): EventType => {
    if (!isUtf8(contract)) return { refused: 'is not UTF-8', shown: `hex:${contract.toString('hex')}` };
    const name = contract.toString('utf8');
    const prefix = prefixes.find((candidate) => name.startsWith(candidate)) ?? '';
    const type = mapped.get(name) ?? name.slice(prefix.length);
    if (type === '') return { refused: 'is empty', shown: name };
    // guard: reserved-event-types
    if (type.startsWith('$')) return { refused: 'starts with $', shown: name };
    return { type };
  };

  return (contract) => {
    const bytes = asBuffer(contract);
    if (bytes.length > cachedNameBytes) return decide(bytes);
    const name = bytes.toString('latin1');
    const before = known.get(name);
    if (before !== undefined) return before;
    if (known.size >= cachedNames) known.clear();
    const answer = decide(bytes);
    known.set(name, answer);
    return answer;
  };
}
