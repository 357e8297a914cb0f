@description('Where the account is.')
param location string

@description('Tags of the account.')
param tags object

@description('The account\'s name.')
@minLength(3)
@maxLength(24)
param name string

@description('The table of the checkpoint.')
param checkpointTable string

@description('Whether messages are set aside, in the container that quarantineContainer names.')
param keepsMessages bool

@description('The container of messages that are set aside.')
param quarantineContainer string

// Of our own alone: what the Functions host needs, the deployment package, the checkpoint.
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

    resource packages 'containers' = {
      name: 'packages'
      properties: { publicAccess: 'None' }
    }

    resource quarantine 'containers' = if (keepsMessages) {
      name: quarantineContainer
      properties: { publicAccess: 'None' }
    }
  }

  resource tables 'tableServices' = {
    name: 'default'

    resource checkpoint 'tables' = {
      name: checkpointTable
    }
  }
}

@description('The URL of the container of deployment packages.')
output packagesUrl string = '${account.properties.primaryEndpoints.blob}${account::blobs::packages.name}'
