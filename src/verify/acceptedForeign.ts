import { isEventferryId } from '../convert/uuidText.js';
import { isAccepted, ownerOf, wasAccepted } from '../engine/resume/ownership.js';
import type { Acceptance } from '../checkpoint/row.js';
import type { Parts } from '../engine/parts.js';
import { noStream } from '../target/target.js';

/** Tells which foreign events of a stream a person has accepted: by the row, and by our events behind them. */
export class AcceptedForeign {
  /** Foreign events are judged up to the first revision, and accepted up to the second. */
  private judgedTo = noStream;
  private acceptedTo = noStream;

  constructor(
    private readonly accepted: Acceptance | undefined,
    private readonly parts: Pick<Parts, 'source' | 'target' | 'stream' | 'sourceId'>,
    private readonly signal: AbortSignal,
  ) {}

  /** @param revision of an event that is not ours; asked in the stream's order */
  async has(revision: number): Promise<boolean> {
    if (revision > this.judgedTo) await this.judge(revision);
    return revision <= this.acceptedTo;
  }

  /** Reads the foreign events from this one on, up to one of ours. */
  private async judge(revision: number): Promise<void> {
    const { accepted, parts, signal } = this;
    let last;
    for await (const event of parts.target.read(parts.stream, { revision, direction: 'forwards' }, signal)) {
      const owner = await ownerOf(event, accepted, parts, signal);
      if (owner.kind === 'ours') {
        if (last && wasAccepted(last, owner.mark, accepted)) this.acceptedTo = last.revision;
        return;
      }
      this.judgedTo = event.revision;
      if (owner.kind === 'ours-under-another-id') return;
      const inRow = isAccepted(event, accepted);
      if (inRow) this.acceptedTo = event.revision;
      if (!inRow && isEventferryId(event.id)) return;
      last = event;
    }
  }
}
