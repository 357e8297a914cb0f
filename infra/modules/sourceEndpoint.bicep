@description('Where the endpoint is: the region of the network.')
param location string

@description('Tags of everything here.')
param tags object

@description('What names are made unique with.')
@minLength(13)
@maxLength(13)
param token string

@description('The account of the source, which may refuse the rest of the world.')
param accountId string

@description('The network whose machines reach the account through the endpoint.')
param networkId string

@description('The subnet of the endpoint.')
param subnetId string

resource endpoint 'Microsoft.Network/privateEndpoints@2025-07-01' = {
  name: 'pe-source-${token}'
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: 'source', properties: { privateLinkServiceId: accountId, groupIds: ['blob'] } }
    ]
  }

  resource names 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [{ name: 'blob', properties: { privateDnsZoneId: zone.id } }]
    }
  }
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: 'privatelink.blob.${environment().suffixes.storage}'
  location: 'global'
  tags: tags

  resource link 'virtualNetworkLinks' = {
    name: 'vnet-${token}'
    location: 'global'
    tags: tags
    properties: { virtualNetwork: { id: networkId }, registrationEnabled: false }
  }
}
