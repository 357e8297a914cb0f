import { unless, type Rule } from './rule.js';

export const storageRules: Readonly<Record<string, Rule>> = {
  'every account of ours takes identities and TLS 1.2 only': (deployment) =>
    deployment
      .all('Microsoft.Storage/storageAccounts')
      .flatMap(({ name, properties }) =>
        unless(
          [properties['allowSharedKeyAccess'] === false, `${name} takes shared keys`],
          [properties['allowBlobPublicAccess'] === false, `${name} allows public blobs`],
          [properties['minimumTlsVersion'] === 'TLS1_2', `${name} takes ${String(properties['minimumTlsVersion'])}`],
          [properties['supportsHttpsTrafficOnly'] === true, `${name} takes HTTP`],
        ),
      ),

  'nothing of a source that is not ours is written': (deployment, { foreignSource }) =>
    foreignSource === undefined
      ? []
      : deployment.snapshot.predictedResources
          .filter(({ type, name }) => type.startsWith('Microsoft.Storage/') && name.split('/')[0] === foreignSource)
          .map(({ type, name }) => `${type} ${name}`),

  'each role assignment is one that is needed': (deployment, { roles }) => {
    const given = deployment.roles;
    return [
      ...given.filter((role) => !roles.includes(role)).map((role) => `not needed: ${role}`),
      ...roles.filter((role) => !given.includes(role)).map((role) => `missing: ${role}`),
    ];
  },
};
