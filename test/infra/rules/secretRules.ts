import { settings as schema } from '../../../src/config/settings.js';
import { platform } from './platformSettings.js';
import { unless, type Rule } from './rule.js';

const reference = /^@Microsoft\.KeyVault\(SecretUri=https:\/\/kv-\w+\.vault\.azure\.net\/secrets\/([a-z-]+)\)$/;

export const secretRules: Readonly<Record<string, Rule>> = {
  'no secret is made by the template': (deployment) =>
    deployment.all('Microsoft.KeyVault/vaults/secrets').map(({ name }) => `${name} is declared`),

  'no value changes by itself': ({ snapshot }) =>
    ['newGuid(', 'utcNow('].filter((call) => JSON.stringify(snapshot).includes(call)),

  'no secret is in a setting, on the machine or in an output': (deployment) => {
    const texts: Record<string, string> = {
      ...deployment.rawSettings,
      ...Object.fromEntries(Object.entries(deployment.snapshot.outputs).map(([name, value]) => [name, String(value)])),
      script: JSON.stringify(deployment.one('Microsoft.Compute/virtualMachines/runCommands').properties),
    };
    const secret =
      /listKeys|listAccountSas|listServiceSas|AccountKey=|[?&]sig=|esdb:\/\/[^:'"$]+:[^$'"]|BEGIN [A-Z ]*PRIVATE KEY/;
    return Object.keys(texts).filter((name) => secret.test(texts[name] ?? ''));
  },

  'what is secret is a reference to the vault': ({ settings }) =>
    [
      ...['EVENTSTORE_CONNECTION_STRING', 'EVENTSTORE_TLS_CA'],
      // The connection string of telemetry is not secret: telemetry accepts identities only.
      ...Object.keys(settings).filter(
        (name) =>
          (schema[name as keyof typeof schema]?.secret && !platform.includes(name)) || name === 'SOURCE_STORAGE',
      ),
    ].filter((name) => !reference.test(settings[name] ?? '')),

  'a reference names a secret that the deployment makes or demands, and that the app may read': (deployment) =>
    Object.values(deployment.settings)
      .flatMap((value) => reference.exec(value)?.[1] ?? [])
      .filter(
        (name) => !deployment.roles.some((role) => role.startsWith('id-app ') && role.endsWith(`/secrets/${name}`)),
      )
      .map((name) => `${name} may not be read`),

  'the vault goes by roles': (deployment) => {
    const { enableRbacAuthorization, enableSoftDelete } = deployment.one('Microsoft.KeyVault/vaults').properties;
    return unless([enableRbacAuthorization === true && enableSoftDelete === true, 'it does not']);
  },
};
