// npm run remote -- [--env NAME] [--background] COMMAND ...   an eventferry command on the machine
// npm run remote -- [--env NAME] --journal                    prints the log of the one in the background
import { main, quoted } from './azure/az.js';
import { outputsOf, takeEnvironment } from './azure/environment.js';
import { runOnMachine } from './azure/machineScript.js';

/** The systemd unit of a background command, which outlives the call: Azure ends a run command after 90 minutes. */
const unit = 'eventferry-background';

await main(() => {
  const { name, rest } = takeEnvironment(process.argv.slice(2));
  const script = scriptOf(rest);
  const { said, exitCode } = runOnMachine(outputsOf(name), script);
  process.stdout.write(`${said}\n`);
  process.exitCode = exitCode ?? 1;
});

/** What runs on the machine. */
function scriptOf(args: readonly string[]): string {
  const [first, ...others] = args;
  if (first === undefined) throw new Error('Which command? For instance: npm run remote -- verify');
  if (first === '--journal') return `journalctl --no-pager --output cat --lines 40 --unit ${unit}`;
  if (first === '--background')
    return `systemd-run --unit ${unit} --collect /usr/local/bin/eventferry ${others.map(quoted).join(' ')}`;
  return `/usr/local/bin/eventferry ${args.map(quoted).join(' ')}`;
}
