import type { Command } from 'commander';

import { loadConfig } from '../../config/config.js';
import { checks, isHealthy, settingsFindings, type Finding, type Verdict } from '../../doctor/finding.js';
import { Failure } from '../../core/failure.js';
import { redactedJson } from '../../core/redact.js';
import { composition, withCommonFlags, type Commands, type CommonFlags } from './command.js';
import { exitCodes } from '../terminal/exitCodes.js';
import type { Colour, Line } from '../terminal/output.js';
import { counted } from '../reports/wording.js';

const marks: Readonly<Record<Verdict, readonly [mark: string, colour: Colour]>> = {
  good: ['✓', 'green'],
  warning: ['!', 'yellow'],
  wrong: ['✗', 'red'],
  skipped: ['-', 'grey'],
};
const labelWidth = Math.max(...Object.values(checks).map((label) => label.length));

/** `eventferry doctor`: checks everything that replication needs, and names the next step where something is wrong. */
export function addDoctor(program: Command, commands: Commands): void {
  const { output } = commands;
  const command = program
    .command('doctor')
    .summary('check settings, source, checkpoint and server one by one')
    .description(
      'Checks everything that replication needs, one by one, and says what to do where something is wrong. Writes ' +
        'nothing anywhere; of the source it only ever reads. Ends with 0 when nothing is wrong, else with 1.',
    );
  withCommonFlags(command).action((flags: CommonFlags) =>
    commands.carryOut(command, async () => {
      const findings: Finding[] = [];
      for await (const finding of examination(commands, command, flags)) {
        findings.push(finding);
        if (!flags.json) for (const line of findingLines(finding)) await output.print(line);
      }
      const healthy = isHealthy(findings);
      if (flags.json) await output.print(redactedJson({ healthy, findings }));
      else for (const line of ['', summary(findings)]) await output.print(line);
      return healthy ? exitCodes.done : exitCodes.failed;
    }),
  );
}

async function* examination(commands: Commands, command: Command, flags: CommonFlags): AsyncGenerator<Finding> {
  try {
    const { config } = loadConfig(commands.environmentOf(command));
    const [{ createReplicator }, { Runtime }] = await composition();
    const runtime = new Runtime({ logger: commands.logger(flags), clock: commands.host.clock });
    const replicator = createReplicator(config, runtime);
    try {
      yield* replicator.examine(new AbortController().signal);
    } finally {
      await replicator.close();
    }
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.kind !== 'SettingsInvalid') throw thrown;
    yield* settingsFindings(thrown);
  }
}

function findingLines({ check, verdict, says, next }: Finding): Line[] {
  const [text, colour] = marks[verdict];
  const words = verdict === 'skipped' ? `not looked at: ${says}` : says;
  return [
    [{ text, colour }, ` ${checks[check].padEnd(labelWidth)}  ${words}`],
    ...(next === undefined ? [] : [`  ${' '.repeat(labelWidth)}  Next: ${next}`]),
  ];
}

function summary(findings: readonly Finding[]): string {
  const count = (verdict: Verdict) => findings.filter((finding) => finding.verdict === verdict).length;
  const [wrong, warnings, skipped] = [count('wrong'), count('warning'), count('skipped')];
  return [
    wrong === 0 ? 'Nothing is wrong' : `${counted(wrong, 'thing')} wrong`,
    ...(warnings > 0 ? [counted(warnings, 'warning')] : []),
    ...(skipped > 0 ? [`${skipped} not looked at`] : []),
  ].join(', ');
}
