// What the two identities may do in the resource group of Eventferry itself, and nothing beyond.

@description('The function app\'s identity.')
param appPrincipalId string

@description('The machine\'s identity.')
param machinePrincipalId string

@description('The storage account of host, packages and checkpoint.')
param storageAccountName string

@description('The table of the checkpoint.')
param checkpointTable string

@description('Whether messages are set aside, in the container that quarantineContainer names.')
param keepsMessages bool

@description('The container of messages that are set aside.')
param quarantineContainer string

@description('The vault of passwords and certificates.')
param keyVaultName string

@description('The secrets that the function app reads.')
param appSecrets string[]

@description('The secrets that the machine reads.')
param machineSecrets string[]

@description('The Application Insights resource.')
param insightsName string

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var secretsUser = '4633458b-17de-408a-874b-0445c86b69e6'
var metricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource packages 'containers' existing = {
      name: 'packages'
    }

    resource quarantine 'containers' existing = {
      name: quarantineContainer
    }
  }

  resource tables 'tableServices' existing = {
    name: 'default'

    resource checkpoint 'tables' existing = {
      name: checkpointTable
    }
  }
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: keyVaultName
}

resource appSecret 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = [
  for name in appSecrets: { parent: vault, name: name }
]

resource machineSecret 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = [
  for name in machineSecrets: { parent: vault, name: name }
]

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// The host keeps the timer's lease and its packages in blobs.
resource appOwnsBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, blobDataOwner)
  scope: account
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
  }
}

resource appKeepsCheckpoint 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::tables::checkpoint.id, appPrincipalId, tableDataContributor)
  scope: account::tables::checkpoint
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableDataContributor)
  }
}

resource machineKeepsCheckpoint 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::tables::checkpoint.id, machinePrincipalId, tableDataContributor)
  scope: account::tables::checkpoint
  properties: {
    principalId: machinePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableDataContributor)
  }
}

resource machineReadsPackages 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::packages.id, machinePrincipalId, blobDataReader)
  scope: account::blobs::packages
  properties: {
    principalId: machinePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}

resource machineKeepsMessages 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (keepsMessages) {
  name: guid(account.id, quarantineContainer, machinePrincipalId, blobDataContributor)
  scope: account::blobs::quarantine
  properties: {
    principalId: machinePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

resource appReadsSecret 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in appSecrets: {
    name: guid(vault.id, name, appPrincipalId, secretsUser)
    scope: appSecret[index]
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    }
  }
]

resource machineReadsSecret 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (name, index) in machineSecrets: {
    name: guid(vault.id, name, machinePrincipalId, secretsUser)
    scope: machineSecret[index]
    properties: {
      principalId: machinePrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    }
  }
]

resource appPublishesMetrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, appPrincipalId, metricsPublisher)
  scope: insights
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', metricsPublisher)
  }
}
