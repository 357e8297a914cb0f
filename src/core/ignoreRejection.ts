/**
 * A promise whose rejection must not end the process when nobody waits for it yet: whoever awaits it still sees the
 * rejection.
 */
export function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
