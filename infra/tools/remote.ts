// npm run remote -- [--env NAME] [--background] COMMAND ...   an eventferry command on the machine
// npm run remote -- [--env NAME] --journal                    what the one in the background says
import { azJson, main, quoted } from './az.js';
import { outputsOf, takeEnvironment } from './environment.js';

/** The unit of a command that outlives the call: a run command may take 90 minutes at most. */
const unit = 'eventferry-background';

await main(() => {
  const { name, rest } = takeEnvironment(process.argv.slice(2));
  const script = scriptOf(rest);
  const { AZURE_RESOURCE_GROUP: group, EVENTSTORE_VM_NAME: machine } = outputsOf(name);
  const { value } = azJson<{ value: readonly { message: string }[] }>(
    ...['vm', 'run-command', 'invoke', '--resource-group', group, '--name', machine],
    ...['--command-id', 'RunShellScript', '--scripts', script],
  );
  const message = value.map((one) => one.message).join('\n');
  process.stdout.write(`${message.trim()}\n`);
  const code = /^exit code (\d+)$/m.exec(message)?.[1];
  process.exitCode = code === undefined ? 1 : Number(code);
});

/** What runs on the machine. Azure hands back the last 4 KB of what it prints, and no exit code: so it says it. */
export function scriptOf(args: readonly string[]): string {
  const [first, ...others] = args;
  if (first === undefined) throw new Error('Which command? For instance: npm run remote -- verify');
  const script =
    first === '--journal'
      ? `journalctl --no-pager --output cat --lines 40 --unit ${unit}`
      : first === '--background'
        ? `systemd-run --unit ${unit} --collect /usr/local/bin/eventferry ${others.map(quoted).join(' ')}`
        : `/usr/local/bin/eventferry ${args.map(quoted).join(' ')}`;
  return `${script}; echo "exit code $?"`;
}
