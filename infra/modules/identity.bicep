@description('Where the identity is.')
param location string

@description('Tags of the identity.')
param tags object

@description('The identity\'s name.')
param name string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('The identity.')
output id string = identity.id

@description('What its role assignments name.')
output principalId string = identity.properties.principalId

@description('What an application that uses it names.')
output clientId string = identity.properties.clientId
