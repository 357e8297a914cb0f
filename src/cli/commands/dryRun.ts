import type { Config } from '../../config/config.js';
import type { PreviewedEvent } from '../../engine/preview.js';
import type { Replicator } from '../../replicator.js';
import type { CommonFlags } from './command.js';
import { exitCodes, type ExitCode } from '../terminal/exitCodes.js';
import type { Output } from '../terminal/output.js';
import { Tally, tallyLines } from '../reports/tally.js';
import { counted, number } from '../reports/wording.js';

/** Prints each event as a run would append it, then the counts. Writes nothing. */
export async function dryRun(
  replicator: Replicator,
  { target }: Config,
  { json = false, limit }: Pick<CommonFlags, 'json'> & { readonly limit: number },
  output: Output,
): Promise<ExitCode> {
  const plan = new Plan(target.stream);
  try {
    for await (const previewed of replicator.preview(new AbortController().signal)) {
      plan.add(previewed);
      if (json) await output.printJson(eventFacts(previewed));
      else for (const line of eventLines(previewed)) await output.print(line);
      if (plan.events >= limit) break;
    }
  } finally {
    // A failure ends the preview where it would end the run. The run would append the events before it.
    if (json) await output.printJson({ summary: plan.summary });
    else for (const line of plan.lines) await output.print(line);
  }
  return exitCodes.done;
}

/** Everything about an event but its body. */
function eventFacts({ event, revision, appendBytes }: PreviewedEvent): object {
  const { id, type, contentType, data, metadata } = event;
  return {
    revision,
    id,
    type,
    contentType,
    metadata: JSON.parse(Buffer.from(metadata).toString('utf8')) as unknown,
    dataBytes: data.length,
    metadataBytes: metadata.length,
    appendBytes,
  };
}

function eventLines({ event, revision, appendBytes }: PreviewedEvent): string[] {
  const { id, type, contentType, data, metadata } = event;
  const size = `${counted(data.length, 'byte')} (${number(appendBytes)} with its mark)`;
  return [`${revision}  ${id}  ${type}  ${contentType}  ${size}`, `    ${Buffer.from(metadata).toString('utf8')}`];
}

class Plan {
  events = 0;
  private readonly totals = { dataBytes: 0, metadataBytes: 0, appendBytes: 0 };
  private firstRevision: number | undefined;
  private lastRevision: number | undefined;
  private readonly types = new Tally();
  private readonly keys = new Tally();

  constructor(private readonly stream: string) {}

  add({ event, revision, appendBytes }: PreviewedEvent): void {
    this.events += 1;
    this.totals.dataBytes += event.data.length;
    this.totals.metadataBytes += event.metadata.length;
    this.totals.appendBytes += appendBytes;
    this.firstRevision ??= revision;
    this.lastRevision = revision;
    this.types.add(event.type);
    this.keys.add(event.mark.key);
  }

  get summary(): object {
    const { stream, events, firstRevision = null, lastRevision = null, totals, types, keys } = this;
    return { stream, events, firstRevision, lastRevision, ...totals, types: types.counts, keys: keys.counts };
  }

  get lines(): string[] {
    const { dataBytes, metadataBytes, appendBytes } = this.totals;
    if (this.firstRevision === undefined) return [`Nothing would be appended to stream ${this.stream}.`];
    return [
      '',
      `${counted(this.events, 'event')} would be appended to stream ${this.stream}, ` +
        `revisions ${this.firstRevision} to ${this.lastRevision}; nothing was written.`,
      `${counted(dataBytes, 'byte')} of data, ${number(dataBytes + metadataBytes)} with marks, ` +
        `${number(appendBytes)} as the server counts an append.`,
      ...tallyLines('By type', this.types.counts),
      ...tallyLines('By key', this.keys.counts),
    ];
  }
}
