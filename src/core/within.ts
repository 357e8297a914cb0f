import type { Clock } from './clock.js';

/**
 * Settles as `work` does, unless `ms` milliseconds pass first (then it rejects with what `late` makes) or the signal
 * is aborted (then with the signal's reason). What `work` does afterwards is of no interest, and never unhandled.
 */
export function within<T>(
  work: Promise<T>,
  ms: number,
  { clock, signal, late }: { readonly clock: Clock; readonly signal: AbortSignal; readonly late: () => Error },
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const settle = (action: () => void): void => {
      stop();
      signal.removeEventListener('abort', abort);
      action();
    };
    const stop = clock.after(ms, () => settle(() => reject(late())));
    const abort = (): void => settle(() => reject(signal.reason as Error));
    work.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    );
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
}
