import type { Resource, Snapshot } from '../../infra/tools/azure/bicep.js';
import { evaluate } from './armExpression.js';

/** The deployment that a snapshot describes, with the look-ups that the rules need. */
export class Deployment {
  constructor(readonly snapshot: Snapshot) {}

  all(type: string): Resource[] {
    return this.snapshot.predictedResources.filter((resource) => resource.type === type);
  }

  /** The only resource of a type. @throws Error when there is not exactly one */
  one(type: string): Resource {
    const [found, ...others] = this.all(type);
    if (!found || others.length > 0) throw new Error(`${others.length + (found ? 1 : 0)} resources of type ${type}`);
    return found;
  }

  get app(): Resource {
    return this.one('Microsoft.Web/sites');
  }

  get vm(): Resource {
    return this.one('Microsoft.Compute/virtualMachines');
  }

  /** The app settings as they are in the template. */
  get rawSettings(): Record<string, string> {
    return this.one('Microsoft.Web/sites/config').properties as Record<string, string>;
  }

  /** The app settings as the app sees them, but with unresolved references to secrets. */
  get settings(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.rawSettings).map(([name, value]) => [name, evaluate(value)]));
  }

  /** The script that the run command runs on the machine. */
  get script(): string {
    const { source } = this.one('Microsoft.Compute/virtualMachines/runCommands').properties;
    return evaluate((source as { readonly script: string }).script);
  }

  /** The text of a file that the script places on the machine. */
  placed(path: string): string {
    const line = this.script.split('\n').find((one) => one.startsWith('place ') && one.split(' ')[2] === path);
    if (line === undefined) throw new Error(`${path} is not placed`);
    return Buffer.from(line.split(' ')[3] ?? '', 'base64').toString();
  }

  subnet(name: string): Record<string, unknown> {
    const { subnets } = this.one('Microsoft.Network/virtualNetworks').properties as {
      readonly subnets: readonly { readonly name: string; readonly properties: Record<string, unknown> }[];
    };
    const found = subnets.find((subnet) => subnet.name === name);
    if (!found) throw new Error(`there is no subnet ${name}`);
    return found.properties;
  }

  /** Each role assignment as a text: who has which role on what. */
  get roles(): string[] {
    return this.all('Microsoft.Authorization/roleAssignments')
      .map(({ id, properties }) => {
        const { principalId, roleDefinitionId } = properties as { principalId: string; roleDefinitionId: string };
        const who = /(id-app|id-machine|bvault)-/.exec(principalId)?.[1] ?? principalId;
        const role = roleDefinitionId.slice(roleDefinitionId.lastIndexOf('/') + 1);
        const scope = /^\[extensionResourceId\('([^']+)'/.exec(id)?.[1] ?? groupScope(id);
        return `${who} ${roleNames[role] ?? role} on ${scope.replace(/^\/subscriptions\/[^/]+\/resourceGroups\//, '')}`;
      })
      .sort();
  }

  clone(): Deployment {
    return new Deployment(structuredClone(this.snapshot));
  }
}

/** The group in `resourceId('subscription', 'group', 'Microsoft.Authorization/...', ...)`; else `id` itself. */
function groupScope(id: string): string {
  const call = /^\[resourceId\('[^']+', '([^']+)', 'Microsoft\.Authorization/.exec(id)?.[1];
  return call ?? id;
}

/** Azure's built-in roles by id; an id is the same in every subscription. */
const roleNames: Readonly<Record<string, string>> = {
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
  '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1': 'Storage Blob Data Reader',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor',
  '4633458b-17de-408a-874b-0445c86b69e6': 'Key Vault Secrets User',
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher',
  '3e5e47e6-65f7-47ef-90b5-e5dd4d455f24': 'Disk Backup Reader',
  '7efff54f-a5b4-42b5-a1c5-5411624893ce': 'Disk Snapshot Contributor',
};
