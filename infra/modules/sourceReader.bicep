@description('The account of the source, in the resource group that this module is deployed to.')
param accountName string

@description('The container that is the source.')
param container string

@description('Who reads the source.')
param principalId string

var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'

// Someone else's account: nothing of it is written, and one role is assigned on the one container.
resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: accountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource tapes 'containers' existing = {
      name: container
    }
  }
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::tapes.id, principalId, blobDataReader)
  scope: account::blobs::tapes
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}
