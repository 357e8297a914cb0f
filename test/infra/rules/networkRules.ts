import { unless, type Rule } from './rule.js';

interface SecurityRule {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>> & { readonly priority: number };
}

export const networkRules: Readonly<Record<string, Rule>> = {
  'the subnet of the app is delegated to Flex Consumption, large enough and well named': (deployment) => {
    const { delegations, addressPrefix } = deployment.subnet('app') as {
      readonly delegations: readonly { readonly properties: { readonly serviceName: string } }[];
      readonly addressPrefix: string;
    };
    const [delegation, ...others] = delegations.map(({ properties }) => properties.serviceName);
    const id = String(deployment.app.properties['virtualNetworkSubnetId']);
    return unless(
      [delegation === 'Microsoft.App/environments' && others.length === 0, `delegated to ${delegation}`],
      [Number(addressPrefix.split('/')[1]) <= 27, `${addressPrefix} is too small`],
      [/\/subnets\/[a-z-]+$/.test(id) && id.endsWith('/subnets/app'), `the app is in ${id}`],
    );
  },

  'both subnets lead out through the NAT gateway and nowhere else': (deployment) =>
    ['app', 'eventstore'].flatMap((name) => {
      const { natGateway, defaultOutboundAccess } = deployment.subnet(name);
      const { id } = (natGateway ?? {}) as { readonly id?: string };
      return unless(
        [id !== undefined && id.includes('/natGateways/ng-'), `${name} has no NAT gateway`],
        [defaultOutboundAccess === false, `${name} has outbound access of its own`],
      );
    }),

  'only the named prefixes reach the server, and a rule denies the rest': (deployment, { adminPrefix }) => {
    const { securityRules } = deployment.one('Microsoft.Network/networkSecurityGroups').properties as {
      readonly securityRules: readonly SecurityRule[];
    };
    const allowed = securityRules
      .filter(({ properties }) => properties['access'] === 'Allow' && properties['direction'] === 'Inbound')
      .map(({ properties }) => {
        const ports = (properties['destinationPortRanges'] ?? [
          properties['destinationPortRange'],
        ]) as readonly string[];
        return `${String(properties['sourceAddressPrefix'])} ${String(properties['protocol'])} ${ports.join(',')}`;
      });
    const wanted = [
      `${String(deployment.subnet('app')['addressPrefix'])} Tcp 2113`,
      ...(adminPrefix === undefined ? [] : [`${adminPrefix} Tcp 22,2113`]),
    ];
    const denial = securityRules.find(({ name }) => name === 'deny-all')?.properties;
    const below = securityRules.every(
      ({ name, properties }) => name === 'deny-all' || properties.priority < Number(denial?.priority),
    );
    const everything = [
      'sourceAddressPrefix',
      'sourcePortRange',
      'destinationAddressPrefix',
      'destinationPortRange',
      'protocol',
    ];
    const group = deployment.subnet('eventstore')['networkSecurityGroup'] as { readonly id?: string } | undefined;
    return unless(
      [String(allowed) === String(wanted), `allowed: ${allowed.join('; ')}`],
      [
        denial?.['access'] === 'Deny' &&
          denial['direction'] === 'Inbound' &&
          everything.every((key) => denial[key] === '*'),
        'nothing denies the rest',
      ],
      [below, 'the denial is above an allowance'],
      [group?.id?.includes('/nsg-eventstore-') === true, 'the rules are not on the subnet of the server'],
    );
  },

  'the machine has no public address': (deployment) =>
    deployment.all('Microsoft.Network/networkInterfaces').flatMap(({ name, properties }) => {
      const { ipConfigurations } = properties as { readonly ipConfigurations: readonly { properties: object }[] };
      return ipConfigurations.some((one) => 'publicIPAddress' in one.properties) ? [`${name} has one`] : [];
    }),

  'the server has a fixed address, which its name stands for': (deployment) => {
    const { ipConfigurations } = deployment.one('Microsoft.Network/networkInterfaces').properties as {
      readonly ipConfigurations: readonly { readonly properties: Readonly<Record<string, unknown>> }[];
    };
    const { aRecords } = deployment.one('Microsoft.Network/privateDnsZones/A').properties as {
      readonly aRecords: readonly { readonly ipv4Address: string }[];
    };
    const [nic] = ipConfigurations;
    return unless(
      [nic?.properties['privateIPAllocationMethod'] === 'Static', 'the address is not fixed'],
      [nic?.properties['privateIPAddress'] === aRecords[0]?.ipv4Address, 'the name stands for another address'],
    );
  },
};
