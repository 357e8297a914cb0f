import type { Command } from 'commander';

import { loadSourceConfig } from '../../config/config.js';
import type { Inspection } from '../../source/views/inspection.js';
import { composition, wholeNumber, withCommonFlags, type Commands, type CommonFlags } from './command.js';
import { exitCodes, type ExitCode } from '../terminal/exitCodes.js';
import { InspectionReport } from '../reports/inspectionReport.js';
import type { Output } from '../terminal/output.js';
import { recordFacts, recordLines } from '../reports/recordReport.js';
import { sourceSettings } from '../terminal/settingsFlags.js';

interface InspectFlags extends CommonFlags {
  readonly position?: string;
}

/** `eventferry inspect`: shows what the source holds, and what is wrong with it. */
export function addInspect(program: Command, commands: Commands): void {
  const { host, output } = commands;
  const command = program
    .command('inspect')
    .summary('show the chunks of the source and what is wrong with them, or one record')
    .description(
      'Reads the whole source, from its first chunk, and shows every chunk with its variant, frames and positions, torn ' +
        'and corrupt places, gaps, and .bak copies that hold more than their chunk; then counts by key and contract. ' +
        'Needs only the settings of the source, writes nothing, and contacts no server.',
    )
    .option('--position <N>', 'show the record at this position instead; reads everything before it');
  withCommonFlags(command, sourceSettings).action((flags: InspectFlags) => {
    const position = flags.position === undefined ? undefined : wholeNumber(command, '--position', flags.position, 1);
    return commands.carryOut(command, async () => {
      const source = loadSourceConfig(commands.environmentOf(command));
      const [{ createInspection }, { Runtime }] = await composition();
      const inspection = createInspection(source, new Runtime({ logger: commands.logger(flags), clock: host.clock }));
      return position === undefined
        ? showSource(inspection, source.container, flags, output)
        : showRecord(inspection, position, flags, output);
    });
  });
}

async function showSource(
  inspection: Inspection,
  container: string,
  { json }: CommonFlags,
  output: Output,
): Promise<ExitCode> {
  const report = new InspectionReport(container, inspection.totals);
  if (!json) await output.print(report.heading);
  for await (const chunk of inspection.chunks(new AbortController().signal)) {
    report.add(chunk);
    if (json) await output.printJson(chunk);
    else for (const line of report.chunkLines(chunk)) await output.print(line);
  }
  if (json) await output.printJson({ summary: report.summary });
  else for (const line of report.lines) await output.print(line);
  return exitCodes.done;
}

async function showRecord(
  inspection: Inspection,
  position: number,
  { json }: CommonFlags,
  output: Output,
): Promise<ExitCode> {
  const found = await inspection.record(position, new AbortController().signal);
  if (!found) {
    output.tell(`Error: There is no record at position ${position}.`);
    output.tell('Next: `eventferry inspect` shows the last position.');
    return exitCodes.failed;
  }
  if (json) await output.printJson(recordFacts(found));
  else for (const line of recordLines(found)) await output.print(line);
  return exitCodes.done;
}
