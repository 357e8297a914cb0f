@description('The backup\'s identity.')
param principalId string

@description('The disk that it reads.')
param diskName string

var diskBackupReader = '3e5e47e6-65f7-47ef-90b5-e5dd4d455f24'

resource disk 'Microsoft.Compute/disks@2025-01-02' existing = {
  name: diskName
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(disk.id, principalId, diskBackupReader)
  scope: disk
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', diskBackupReader)
  }
}
