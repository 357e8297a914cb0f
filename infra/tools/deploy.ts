// npm run infra:what-if -- [--env NAME] [what else az takes]
// npm run infra:deploy -- [--env NAME] [what else az takes]
import { az, main } from './azure/az.js';
import { deploymentName, parameterFile, parametersOf, root, takeEnvironment } from './azure/environment.js';
import { staysPaused } from './paused.js';
import { provideSecrets } from './secrets.js';

await main(() => {
  const [verb, ...args] = process.argv.slice(2);
  const { name, rest } = takeEnvironment(args);
  const file = parameterFile(name);
  const { location } = parametersOf(name);
  keepPaused(name);
  if (verb === 'create') provideSecrets(name);
  az(
    ...['deployment', 'sub', verb === 'create' ? 'create' : 'what-if', '--name', deploymentName(name)],
    ...['--location', location, '--parameters', `${root}${file}`],
    ...(verb === 'create' ? ['--query', 'properties.outputs'] : []),
    ...rest,
  );
});

/** Sets the environment variable that tells the parameter files whether the timer is off. */
function keepPaused(environment: string): void {
  const paused = staysPaused(environment);
  process.env['EVENTFERRY_PAUSED'] = String(paused);
  process.stderr.write(`A deployment leaves the timer ${paused ? 'off' : 'on'}.\n`);
}
