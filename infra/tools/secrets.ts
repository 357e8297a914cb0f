// npm run infra:secrets -- [--env NAME] [--renew | --rotate eventferry|admin|ops]
import { parseArgs } from 'node:util';
import { az, azText, main } from './azure/az.js';
import { outputsOf, parametersOf, root, takeEnvironment, type Parameters } from './azure/environment.js';
import { keyVault } from './vault/keyVault.js';
import { succeedOnMachine } from './azure/machineScript.js';
import { makeSecrets, rotatePassword, type User } from './vault/vaultSecrets.js';

/** Secrets that a person must give in an environment variable when a deployment needs them for the first time. */
const givenSecrets = [
  {
    name: 'source-connection',
    variable: 'EVENTFERRY_SOURCE_CONNECTION',
    what: 'the connection string or read-only SAS URL of the source',
    isNeeded: ({ sourceKind }: Parameters) => sourceKind === 'secret',
  },
  {
    name: 'notify-webhook-url',
    variable: 'EVENTFERRY_NOTIFY_WEBHOOK_URL',
    what: 'the URL that outages and stops are told to',
    isNeeded: ({ notifyWebhook }: Parameters) => notifyWebhook === true,
  },
  {
    name: 'heartbeat-url',
    variable: 'EVENTFERRY_HEARTBEAT_URL',
    what: 'the URL that is asked for after each good run',
    isNeeded: ({ heartbeat }: Parameters) => heartbeat === true,
  },
] as const;

/** Creates the group and the vault when they are missing, and each secret that is missing. */
export function provideSecrets(environment: string, { renew = false } = {}): void {
  const parameters = parametersOf(environment);
  const { location, purgeProtection = false } = parameters;
  const vault = azText(
    ...['deployment', 'sub', 'create', '--name', `eventferry-${environment}-vault`, '--location', location],
    ...['--template-file', `${root}infra/vault.bicep`, '--query', 'properties.outputs.azurE_KEY_VAULT_NAME.value'],
    ...['--output', 'tsv', '--parameters', `environmentName=${environment}`, `location=${location}`],
    `purgeProtection=${purgeProtection}`,
  );
  const secrets = keyVault(vault);
  const there = secrets.names();
  const needed = givenSecrets.filter(({ isNeeded }) => isNeeded(parameters));
  for (const { name, variable, what } of needed) {
    if (process.env[variable] !== undefined || there.has(name)) continue;
    throw new Error(`The vault has no secret ${name}: set ${variable} to ${what}; only this run needs it.`);
  }
  const given = needed.flatMap(({ name, variable }) => {
    const value = process.env[variable];
    return value === undefined ? [] : [[name, value] as const];
  });
  const made = makeSecrets(secrets, { renew, given: Object.fromEntries(given) });
  process.stderr.write(made.length === 0 ? 'Every secret is there.\n' : `Secrets made: ${made.join(', ')}\n`);
}

/** Changes a password in the vault, then at the server; then makes the function app read it. */
function rotate(environment: string, user: User): void {
  const outputs = outputsOf(environment);
  rotatePassword(keyVault(outputs.AZURE_KEY_VAULT_NAME), user);
  succeedOnMachine(
    outputs,
    '/opt/eventferry/vm/set-users',
    `The vault has a new password of ${user} that the server may not know; the function app was left as it is. Fix what the machine's output names, then run: npm run infra:secrets -- --env ${environment} --rotate ${user}.`,
  );
  const { AZURE_RESOURCE_GROUP: group, AZURE_FUNCTION_APP_NAME: app } = outputs;
  if (user === 'eventferry') az('functionapp', 'restart', '--resource-group', group, '--name', app);
}

/** Makes the machine fetch the certificates now. */
function placeCertificates(environment: string): void {
  succeedOnMachine(
    outputsOf(environment),
    '/opt/eventferry/vm/place-certificates',
    `The vault has a new certificate that the server may not have; the machine tries again within a day. Fix what its output names, then run: npm run infra:secrets -- --env ${environment} --renew.`,
  );
}

if (process.argv[1]?.endsWith('secrets.ts') === true) {
  await main(() => {
    const { name, rest } = takeEnvironment(process.argv.slice(2));
    const { values } = parseArgs({
      args: [...rest],
      options: { renew: { type: 'boolean', default: false }, rotate: { type: 'string' } },
    });
    if (values.rotate === undefined) {
      provideSecrets(name, { renew: values.renew });
      if (values.renew) placeCertificates(name);
    } else if (['eventferry', 'admin', 'ops'].includes(values.rotate)) rotate(name, values.rotate as User);
    else throw new Error(`--rotate takes eventferry, admin or ops, not ${JSON.stringify(values.rotate)}.`);
  });
}
