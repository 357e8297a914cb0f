import type { SourceMessages, SourceMessage, TargetEvent } from '../core/record.js';

/** The events of one record, in order: an array, or {@link EventsOnDemand}. */
export interface RecordEvents extends Iterable<TargetEvent> {
  readonly length: number;
  at(index: number): TargetEvent | undefined;
  slice(start: number): RecordEvents;
  map(change: (event: TargetEvent) => TargetEvent): RecordEvents;
}

/**
 * Events that are made when they are asked for, each time anew. Each event of a record repeats its key and attributes,
 * so that the events of one frame can take thousands of times its bytes.
 */
export class EventsOnDemand implements RecordEvents {
  constructor(
    private readonly messages: SourceMessages,
    private readonly make: (message: SourceMessage, index: number) => TargetEvent,
    /** The events before this one are left out. */
    private readonly start = 0,
  ) {}

  get length(): number {
    return this.messages.length - this.start;
  }

  at(index: number): TargetEvent | undefined {
    const message = this.messages.at(this.start + index);
    return message && this.make(message, this.start + index);
  }

  slice(start: number): EventsOnDemand {
    return new EventsOnDemand(this.messages, this.make, this.start + start);
  }

  map(change: (event: TargetEvent) => TargetEvent): EventsOnDemand {
    return new EventsOnDemand(this.messages, (message, index) => change(this.make(message, index)), this.start);
  }

  *[Symbol.iterator](): Generator<TargetEvent, undefined> {
    for (let index = 0; index < this.length; index++) {
      const event = this.at(index);
      if (event) yield event;
    }
    return undefined;
  }
}
