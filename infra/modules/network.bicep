@description('Where the network is.')
param location string

@description('Tags of everything here.')
param tags object

@description('What names are made unique with.')
@minLength(13)
@maxLength(13)
param token string

@description('The address range of the network, a /24 or larger.')
param addressPrefix string

@description('An address range, such as 203.0.113.7/32 of a VPN, that may reach the server\'s port 2113 and SSH; empty for none.')
param adminAddressPrefix string

@description('The zone of the NAT gateway and its address; empty for none in particular.')
@allowed(['', '1', '2', '3'])
param zone string

@description('The private DNS zone that names the server.')
param dnsZoneName string

@description('The server\'s name in that zone.')
param serverName string

// The app's instances and the server each get half of the first /24 of the range.
var appPrefix = cidrSubnet(addressPrefix, 25, 0)
var serverPrefix = cidrSubnet(addressPrefix, 26, 2)
var endpointPrefix = cidrSubnet(addressPrefix, 26, 3)
// Azure keeps the first four addresses of a subnet.
var serverIp = cidrHost(serverPrefix, 9)
var zones = empty(zone) ? null : [zone]

resource natAddress 'Microsoft.Network/publicIPAddresses@2025-07-01' = {
  name: 'pip-nat-${token}'
  location: location
  tags: tags
  zones: zones
  sku: { name: 'Standard', tier: 'Regional' }
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

// Nothing else leads out: subnets have no outbound access of their own.
resource nat 'Microsoft.Network/natGateways@2025-07-01' = {
  name: 'ng-${token}'
  location: location
  tags: tags
  zones: zones
  sku: { name: 'Standard' }
  properties: {
    idleTimeoutInMinutes: 10
    publicIpAddresses: [{ id: natAddress.id }]
  }
}

var adminRules = empty(adminAddressPrefix)
  ? []
  : [
      {
        name: 'allow-admin'
        properties: {
          description: 'People, to the server\'s port and SSH.'
          priority: 200
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: adminAddressPrefix
          sourcePortRange: '*'
          destinationAddressPrefix: serverPrefix
          destinationPortRanges: ['22', '2113']
        }
      }
    ]

resource serverRules 'Microsoft.Network/networkSecurityGroups@2025-07-01' = {
  name: 'nsg-eventstore-${token}'
  location: location
  tags: tags
  properties: {
    securityRules: concat(
      [
        {
          name: 'allow-app'
          properties: {
            description: 'The function app, to the server\'s port.'
            priority: 100
            direction: 'Inbound'
            access: 'Allow'
            protocol: 'Tcp'
            sourceAddressPrefix: appPrefix
            sourcePortRange: '*'
            destinationAddressPrefix: serverPrefix
            destinationPortRange: '2113'
          }
        }
      ],
      adminRules,
      [
        {
          name: 'deny-all'
          properties: {
            description: 'Nobody else: without this, the whole network could come in.'
            priority: 4000
            direction: 'Inbound'
            access: 'Deny'
            protocol: '*'
            sourceAddressPrefix: '*'
            sourcePortRange: '*'
            destinationAddressPrefix: '*'
            destinationPortRange: '*'
          }
        }
      ]
    )
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-07-01' = {
  name: 'vnet-${token}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: appPrefix
          defaultOutboundAccess: false
          natGateway: { id: nat.id }
          delegations: [
            { name: 'flex-consumption', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'eventstore'
        properties: {
          addressPrefix: serverPrefix
          defaultOutboundAccess: false
          natGateway: { id: nat.id }
          networkSecurityGroup: { id: serverRules.id }
        }
      }
      {
        name: 'endpoints'
        properties: { addressPrefix: endpointPrefix, defaultOutboundAccess: false }
      }
    ]
  }

  resource app 'subnets' existing = { name: 'app' }
  resource eventstore 'subnets' existing = { name: 'eventstore' }
  resource endpoints 'subnets' existing = { name: 'endpoints' }
}

resource dnsZone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: dnsZoneName
  location: 'global'
  tags: tags

  resource link 'virtualNetworkLinks' = {
    name: 'vnet-${token}'
    location: 'global'
    tags: tags
    properties: { virtualNetwork: { id: network.id }, registrationEnabled: false }
  }

  resource server 'A' = {
    name: serverName
    properties: { ttl: 300, aRecords: [{ ipv4Address: serverIp }] }
  }
}

@description('The network.')
output networkId string = network.id

@description('The subnet that the function app is integrated into.')
output appSubnetId string = network::app.id

@description('The subnet of the server.')
output serverSubnetId string = network::eventstore.id

@description('The subnet of private endpoints.')
output endpointSubnetId string = network::endpoints.id

@description('The server\'s address.')
output serverIp string = serverIp
