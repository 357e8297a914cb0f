@description('The backup\'s identity, which makes and deletes snapshots in this resource group.')
param principalId string

var diskSnapshotContributor = '7efff54f-a5b4-42b5-a1c5-5411624893ce'

resource keeper 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principalId, diskSnapshotContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', diskSnapshotContributor)
  }
}
