import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AzFailure, azJson, azText, quoted } from './az.js';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The outputs of main.bicep. */
export interface Outputs {
  readonly AZURE_RESOURCE_GROUP: string;
  readonly AZURE_FUNCTION_APP_NAME: string;
  readonly STATUS_URL: string;
  readonly AZURE_KEY_VAULT_NAME: string;
  readonly AZURE_STORAGE_ACCOUNT_NAME: string;
  readonly SOURCE_ACCOUNT_NAME: string;
  readonly SOURCE_CONTAINER: string;
  readonly EVENTSTORE_VM_NAME: string;
  readonly EVENTSTORE_HOST: string;
  readonly EVENTSTORE_DISK_NAME: string;
  readonly LOG_WORKSPACE_NAME: string;
}

/** The parameters of a deployment that the tools read. */
export interface Parameters {
  readonly environmentName: string;
  readonly location: string;
  readonly purgeProtection?: boolean;
  readonly sourceKind?: string;
  readonly notifyWebhook?: boolean;
  readonly heartbeat?: boolean;
}

/**
 * Takes the name of the environment from `--env NAME` or `--env=NAME` at the front of the arguments; without it, from
 * EVENTFERRY_ENV, then from azd's AZURE_ENV_NAME; else it is `dev`.
 *
 * @throws Error when the name is not valid, or when --env stands elsewhere: it would be ignored, and the tool would act
 * on another environment
 */
export function takeEnvironment(args: readonly string[]): { readonly name: string; readonly rest: readonly string[] } {
  const { given, rest } = splitEnvironment(args);
  // npm itself takes the options before -- and passes them on in variables.
  if (process.env['npm_config_env'] !== undefined || rest.some(isEnvironmentOption)) {
    throw new Error('--env must be the first argument after the -- of npm: npm run app:pause -- --env NAME');
  }
  const name = given ?? process.env['EVENTFERRY_ENV'] ?? process.env['AZURE_ENV_NAME'] ?? 'dev';
  if (!/^[a-z][a-z0-9-]{1,11}$/.test(name)) {
    throw new Error(`--env must be 2 to 12 lower-case letters, digits and hyphens, not ${JSON.stringify(name)}.`);
  }
  return { name, rest };
}

/** The environment of a tool that takes no other argument. @throws Error when another argument is given */
export function onlyEnvironment(args: readonly string[]): string {
  const { name, rest } = takeEnvironment(args);
  if (rest.length > 0) throw new Error(`The only argument is --env NAME, not ${rest.map(quoted).join(' ')}.`);
  return name;
}

function splitEnvironment(args: readonly string[]): { readonly given?: string; readonly rest: readonly string[] } {
  const [first, ...rest] = args;
  if (first === '--env') return { given: rest[0] ?? '', rest: rest.slice(1) };
  if (first?.startsWith('--env=')) return { given: first.slice('--env='.length), rest };
  return { rest: args };
}

function isEnvironmentOption(argument: string): boolean {
  return argument === '--env' || argument.startsWith('--env=');
}

/** The parameter file of an environment. */
export function parameterFile(name: string): string {
  const file = `infra/${name}.bicepparam`;
  if (!existsSync(`${root}${file}`)) {
    throw new Error(`There is no ${file}. Copy infra/dev.bicepparam or infra/prod.bicepparam and change what differs.`);
  }
  return file;
}

/** The parameters from the parameter file of an environment, or, under azd, from azd's environment variables. */
export function parametersOf(name: string): Parameters {
  if (process.env['AZURE_ENV_NAME'] === name && process.env['AZURE_LOCATION'] !== undefined) {
    return {
      environmentName: name,
      location: process.env['AZURE_LOCATION'],
      purgeProtection: process.env['EVENTFERRY_PURGE_PROTECTION'] === 'true',
      sourceKind: process.env['EVENTFERRY_SOURCE_KIND'] ?? 'new',
      notifyWebhook: process.env['EVENTFERRY_NOTIFY_WEBHOOK'] === 'true',
      heartbeat: process.env['EVENTFERRY_HEARTBEAT'] === 'true',
    };
  }
  const built = azText('bicep', 'build-params', '--file', `${root}${parameterFile(name)}`, '--stdout');
  const { parametersJson } = JSON.parse(built) as { parametersJson: string };
  const { parameters } = JSON.parse(parametersJson) as { parameters: Record<string, { value: unknown }> };
  return Object.fromEntries(
    Object.entries(parameters).map(([key, { value }]) => [key, value]),
  ) as unknown as Parameters;
}

/** The name that the deployment of an environment has in the subscription. */
export function deploymentName(environment: string): string {
  return `eventferry-${environment}`;
}

/** The outputs of an environment's last deployment (azd passes them in variables); undefined before the first. */
export function outputsIfDeployed(environment: string): Outputs | undefined {
  const { AZURE_ENV_NAME: told, AZURE_FUNCTION_APP_NAME: app, EVENTSTORE_VM_NAME: machine } = process.env;
  if (told === environment && app !== undefined && machine !== undefined) return process.env as unknown as Outputs;
  try {
    const name = deploymentName(environment);
    const found = azJson<Record<string, { value: string }> | null>(
      ...['deployment', 'sub', 'show', '--name', name, '--query', 'properties.outputs'],
    );
    if (found === null) return undefined;
    // Azure changes the case of an output's first letters.
    const byName = new Map(Object.entries(found).map(([key, { value }]) => [key.toUpperCase(), value]));
    return Object.fromEntries(byName) as unknown as Outputs;
  } catch (error) {
    if (error instanceof AzFailure && error.message.includes('DeploymentNotFound')) return undefined;
    throw error;
  }
}

/** The outputs of an environment's last deployment. @throws Error before the first */
export function outputsOf(environment: string): Outputs {
  const outputs = outputsIfDeployed(environment);
  if (!outputs)
    throw new Error(`${environment} was not deployed from here yet: npm run infra:deploy -- --env ${environment}`);
  return outputs;
}
