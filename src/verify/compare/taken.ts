import type { Mark } from '../../core/mark.js';

/** By place: chunk and offset say which record, the index which of its events. */
type Place = Pick<Mark, 'chunk' | 'offset' | 'index'>;

/** Which events of the source were met in the stream, so that one read once more in a detour is known as doubled. */
export class Taken {
  /** The first event that was expected: nothing is known of what stands before it at the source. */
  private first: Mark | undefined;
  /** By chunk: the last event that was met in a detour. Within a chunk reading only goes forward. */
  private readonly apart = new Map<string, Place>();

  /** The source gives this event next. */
  expected(mark: Mark): void {
    this.first ??= mark;
  }

  /** The stream holds this event, read in a detour. */
  metApart({ chunk, offset, index }: Mark): void {
    const last = this.apart.get(chunk);
    if (!last || isBehind({ offset, index }, last)) this.apart.set(chunk, { chunk, offset, index });
  }

  /**
   * True when the event, which is read in a detour and not awaited, was met before.
   *
   * @param isRequired nothing but the event itself can have let the stream go on behind its place
   */
  holds(
    mark: Mark,
    isRequired: boolean,
    { compare }: { readonly compare: (one: Mark, other: Mark) => number },
  ): boolean {
    const last = this.apart.get(mark.chunk);
    const wasMetApart = last !== undefined && !isBehind(mark, last);
    return wasMetApart || (isRequired && this.first !== undefined && compare(mark, this.first) >= 0);
  }
}

function isBehind(one: Omit<Place, 'chunk'>, other: Omit<Place, 'chunk'>): boolean {
  return one.offset === other.offset ? one.index > other.index : one.offset > other.offset;
}
