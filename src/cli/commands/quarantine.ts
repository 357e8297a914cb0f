import type { Command } from 'commander';

import { Failure } from '../../core/failure.js';
import type { Quarantine } from '../../quarantine/quarantine.js';
import type { SetAside } from '../../core/record.js';
import type { Replicator } from '../../replicator.js';
import { wholeNumber, withCommonFlags, type Commands, type CommonFlags } from './command.js';
import { exitCodes, type ExitCode } from '../terminal/exitCodes.js';
import type { Output } from '../terminal/output.js';
import { bytesFacts, bytesLines, nameOf } from '../reports/recordReport.js';
import { counted, table } from '../reports/wording.js';

interface ShowFlags extends CommonFlags {
  readonly index?: string;
  readonly body?: boolean;
}

/** `eventferry quarantine`: shows the messages that were set aside because they could not become events. */
export function addQuarantine(program: Command, commands: Commands): void {
  const { output } = commands;
  const quarantine = program
    .command('quarantine')
    .summary('list or show messages that were set aside because they could not become events')
    .description('The messages that ON_UNCONVERTIBLE=quarantine set aside, whole, in QUARANTINE_CONTAINER.');
  const list = quarantine
    .command('list')
    .summary('list them: position, size and reason of each')
    .description('Lists the messages that were set aside: position and index at the source, size, reason.');
  withCommonFlags(list).action((flags: CommonFlags) =>
    commands.withReplicator(list, async (replicator) => showAll(quarantineOf(replicator), flags, output)),
  );
  const show = quarantine
    .command('show')
    .argument('<position>', 'its position at the source')
    .summary('show one, or with --body print its bytes')
    .description('Shows a message that was set aside: where it came from, why it is here, and its body.')
    .option('--index <N>', 'which message of the record; default: the first that was set aside')
    .option('--body', 'print the bytes of the body and nothing else');
  withCommonFlags(show).action((given: string, flags: ShowFlags) => {
    const position = wholeNumber(show, 'POSITION', given, 1);
    const index = flags.index === undefined ? undefined : wholeNumber(show, '--index', flags.index, 0);
    return commands.withReplicator(show, async (replicator) =>
      showOne(quarantineOf(replicator), { position, index }, flags, output),
    );
  });
}

function quarantineOf({ quarantine }: Replicator): Quarantine {
  if (quarantine) return quarantine;
  throw new Failure(
    'NotApplicable',
    'CHECKPOINT_STORAGE names no blob service, so nothing can have been set aside in its account.',
  );
}

async function showAll(quarantine: Quarantine, { json }: CommonFlags, output: Output): Promise<ExitCode> {
  let count = 0;
  for await (const kept of quarantine.list(new AbortController().signal)) {
    count += 1;
    const { position, index, bytes, reason } = kept;
    if (json) await output.printJson(kept);
    else await output.print(`position ${position} message ${index}, ${counted(bytes, 'byte')}: ${reason}`);
  }
  if (!json) await output.print(`${counted(count, 'message')} in container ${quarantine.container}.`);
  return exitCodes.done;
}

async function showOne(
  quarantine: Quarantine,
  wanted: { readonly position: number; readonly index: number | undefined },
  { json, body }: ShowFlags,
  output: Output,
): Promise<ExitCode> {
  const message = await find(quarantine, wanted);
  if (!message) {
    const which = wanted.index === undefined ? '' : `message ${wanted.index} of `;
    output.tell(`Error: Nothing of ${which}position ${wanted.position} is in container ${quarantine.container}.`);
    output.tell('Next: `eventferry quarantine list` shows what is.');
    return exitCodes.failed;
  }
  if (body) await output.printBytes(message.body);
  else if (json) await output.printJson(facts(message));
  else for (const line of lines(message)) await output.print(line);
  return exitCodes.done;
}

async function find(
  quarantine: Quarantine,
  { position, index }: { readonly position: number; readonly index: number | undefined },
): Promise<SetAside | undefined> {
  const { signal } = new AbortController();
  for await (const kept of quarantine.list(signal)) {
    if (kept.position === position && (index === undefined || kept.index === index)) {
      return quarantine.read(kept.name, signal);
    }
  }
  return undefined;
}

function facts({ contract, body, ...rest }: SetAside): object {
  return { ...rest, ...(contract && { contract: nameOf(contract) }), ...bytesFacts(body) };
}

function lines(message: SetAside): string[] {
  const { name, position, index, count, key, chunk, offset, sha1, kind, reason, contract, attributes, body } = message;
  return [
    ...table([
      ['Position', `${position}, message ${index + 1} of ${count}`],
      ['Reason', `${kind}: ${reason}`],
      ['Contract', contract ? nameOf(contract) : 'none: an opaque payload'],
      ['Key', key],
      ['Frame', `${chunk} at byte ${offset}, SHA-1 ${sha1}`],
      ...attributes.map(([attribute, value]) => ['Attribute', `${attribute} = ${value}`]),
      ['Blob', name],
    ]),
    '',
    `Body, ${counted(body.length, 'byte')}:`,
    ...bytesLines(body),
  ];
}
