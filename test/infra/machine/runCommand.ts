import { committedSnapshot } from '../../../infra/tools/azure/bicep.js';
import { serverHost } from '../../../infra/tools/vault/vaultSecrets.js';
import { Deployment } from '../deployment.js';
import type { ScratchMachine } from './scratchMachine.js';

/** The script of the production deployment's run command, with the names of the stand-ins put in. */
export function script(change: (text: string) => string = (text) => text): string {
  const deployment = new Deployment(committedSnapshot('infra/prod.bicepparam'));
  const { vaultName, storageName } = {
    vaultName: deployment.one('Microsoft.KeyVault/vaults').name,
    storageName: deployment.rawSettings['AzureWebJobsStorage__accountName'] ?? '',
  };
  return deployment.script
    .split('\n')
    .map((line) => {
      const [place, mode, path = '', content = ''] = line.split(' ');
      if (place !== 'place' || !path.endsWith('.env')) return line;
      const text = Buffer.from(content, 'base64').toString();
      const named = text.replaceAll(vaultName, 'kv-test').replaceAll(storageName, 'stferrytest');
      return `place ${mode} ${path} ${Buffer.from(change(named)).toString('base64')}`;
    })
    .join('\n');
}

/** Signs in to the machine's server. @returns the HTTP status */
export function signIn(machine: ScratchMachine, user: string, password: string): string {
  return machine.run(
    `curl --silent --cacert /etc/eventferry/ca.crt --user '${user}:${password}' --output /dev/null --write-out '%{http_code}' 'https://${serverHost}:2113/users/$current'`,
  ).stdout;
}

/** Removes the times: each run writes its files again, with the same content. */
export function withoutTimes(files: string): string {
  return files.replace(/ \d{9,}\.\d+ /g, ' ');
}
