import type { Mark } from '../../core/mark.js';

type Place = Pick<Mark, 'offset' | 'index'>;

/**
 * How far each chunk was met in the stream. Within a chunk reading only goes forward, also in a detour: it begins where
 * the chunk had been left. So an event at a place that was met before is doubled.
 */
export class Taken {
  private readonly last = new Map<string, Place>();

  /** The stream holds this event, in its place or read in a detour. */
  met(mark: Mark): void {
    if (!this.isPassed(mark)) this.last.set(mark.chunk, { offset: mark.offset, index: mark.index });
  }

  /** True when this event or one behind it in its chunk was met. */
  isPassed({ chunk, offset, index }: Mark): boolean {
    const last = this.last.get(chunk);
    return last !== undefined && (offset === last.offset ? index <= last.index : offset < last.offset);
  }
}
