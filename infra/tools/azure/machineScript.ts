import { azJson } from './az.js';
import type { Outputs } from './environment.js';

/** How a script on the machine ended. */
export interface MachineRun {
  /** The last 4 KB of what it printed; Azure keeps no more. */
  readonly said: string;
  /** Undefined when the script was broken off. */
  readonly exitCode: number | undefined;
}

/** The arguments of `az` that run a script on the machine as root. Azure returns no exit code, so the script prints it. */
export function machineScript(
  { AZURE_RESOURCE_GROUP: group, EVENTSTORE_VM_NAME: machine }: Outputs,
  script: string,
): string[] {
  return [
    ...['vm', 'run-command', 'invoke', '--resource-group', group, '--name', machine],
    ...['--command-id', 'RunShellScript', '--scripts', `${script}; echo "exit code $?"`],
  ];
}

/** Runs a script on the machine as root. @throws AzFailure when the machine cannot be reached */
export function runOnMachine(outputs: Outputs, script: string): MachineRun {
  const { value } = azJson<{ value: readonly { message: string }[] }>(...machineScript(outputs, script));
  const said = value
    .map(({ message }) => message)
    .join('\n')
    .trim();
  const code = /^exit code (\d+)$/m.exec(said)?.[1];
  return { said, exitCode: code === undefined ? undefined : Number(code) };
}

/**
 * Runs a script on the machine as root that must succeed; its output goes to the terminal.
 *
 * @param next what a person does when the script fails
 * @throws MachineFailure when the script fails
 */
export function succeedOnMachine(outputs: Outputs, script: string, next: string): void {
  const run = runOnMachine(outputs, script);
  if (run.exitCode !== 0) throw new MachineFailure(outputs.EVENTSTORE_VM_NAME, script, run, next);
  process.stdout.write(`${run.said}\n`);
}

/** A script on the machine failed; the message has what it printed and what to do next. */
export class MachineFailure extends Error {
  constructor(
    readonly machine: string,
    readonly script: string,
    readonly run: MachineRun,
    next: string,
  ) {
    const how = run.exitCode === undefined ? 'was broken off' : `ended with exit code ${run.exitCode}`;
    super(`${script} ${how} on ${machine}. ${next} It said:\n${run.said}`);
  }
}
