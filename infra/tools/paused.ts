// npm run app:pause | app:resume -- [--env NAME]; azd's hook: print
import { az, azJson, main } from './azure/az.js';
import { onlyEnvironment, outputsIfDeployed, outputsOf } from './azure/environment.js';

/** The app setting that switches the timer off. */
const setting = 'AzureWebJobs.replicate.Disabled';

/**
 * Whether a deployment must leave the timer off. EVENTFERRY_PAUSED decides; without it, the timer stays as it is.
 *
 * @throws Error when EVENTFERRY_PAUSED is neither true nor false, or when the tool cannot see whether the timer is off
 */
export function staysPaused(environment: string): boolean {
  const said = process.env['EVENTFERRY_PAUSED'] ?? '';
  if (said === '') return isPaused(environment);
  if (said === 'true' || said === 'false') return said === 'true';
  throw new Error(`EVENTFERRY_PAUSED must be true or false, or not set, not ${JSON.stringify(said)}.`);
}

/** Whether the timer of an environment is off now; false before the first deployment. */
function isPaused(environment: string): boolean {
  const outputs = outputsIfDeployed(environment);
  if (outputs === undefined) return false;
  const { AZURE_RESOURCE_GROUP: group, AZURE_FUNCTION_APP_NAME: app } = outputs;
  const values = azJson<string[]>(
    ...['functionapp', 'config', 'appsettings', 'list', '--resource-group', group, '--name', app],
    ...['--query', `[?name=='${setting}'].value`],
  );
  return values[0]?.toLowerCase() === 'true';
}

if (process.argv[1]?.endsWith('paused.ts') === true) {
  await main(() => {
    const [verb, ...args] = process.argv.slice(2);
    const name = onlyEnvironment(args);
    if (verb === 'print') {
      process.stdout.write(`${staysPaused(name)}\n`);
      return;
    }
    const { AZURE_RESOURCE_GROUP: group, AZURE_FUNCTION_APP_NAME: app } = outputsOf(name);
    az(
      ...['functionapp', 'config', 'appsettings', 'set', '--resource-group', group, '--name', app],
      ...['--settings', `${setting}=${verb === 'pause'}`, '--output', 'none'],
    );
  });
}
