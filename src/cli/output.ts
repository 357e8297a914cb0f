import { once } from 'node:events';

/** Prints a result line; resolves when there is room for the next. Rejects never: a reader that has gone ends us. */
export async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}

/** Prints bytes as they are. */
export async function printBytes(bytes: Uint8Array): Promise<void> {
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
}

/** A result as JSON on one line; 64-bit integers are written as decimal text. */
export function printJson(value: unknown): Promise<void> {
  return print(JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item)));
}

/** Says something to the person at the terminal; results never go here. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** `eventferry inspect | head` is no failure: the reader has seen enough. */
export function endWhenReaderIsGone(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}
