// npm run app:deploy -- [--env NAME] [--machine-only]: deploys the package into the function app and onto the machine.
import { parseArgs } from 'node:util';
import { az, main } from './azure/az.js';
import { outputsOf, root, takeEnvironment } from './azure/environment.js';
import { succeedOnMachine } from './azure/machineScript.js';

await main(() => {
  const { name, rest } = takeEnvironment(process.argv.slice(2));
  const { values } = parseArgs({ args: [...rest], options: { 'machine-only': { type: 'boolean', default: false } } });
  const outputs = outputsOf(name);
  const { AZURE_RESOURCE_GROUP: group, AZURE_FUNCTION_APP_NAME: app } = outputs;
  // azd calls this with --machine-only after it has deployed the package into the function app.
  if (!values['machine-only']) {
    az(
      ...['functionapp', 'deployment', 'source', 'config-zip', '--resource-group', group, '--name', app],
      ...['--src', `${root}artifacts/eventferry.zip`, '--build-remote', 'false'],
    );
  }
  succeedOnMachine(
    outputs,
    '/opt/eventferry/vm/upkeep',
    `The function app has the package; the machine tries again within a day. Fix what its output names, then run: npm run app:deploy -- --env ${name}.`,
  );
});
