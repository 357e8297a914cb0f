@description('Where the account is.')
param location string

@description('Tags of the account.')
param tags object

@description('The account\'s name.')
@minLength(3)
@maxLength(24)
param name string

@description('The container that is the source.')
param container string

// Only for trying out: a team's own source is never declared, see sourceReader.bicep.
resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'

    resource tapes 'containers' = {
      name: container
      properties: { publicAccess: 'None' }
    }
  }
}
