@description('Where the vault is.')
param location string

@description('Tags of the vault.')
param tags object

@description('The vault\'s name.')
@minLength(3)
@maxLength(24)
param name string

@description('Whether a deleted vault and its secrets are kept for certain until their time is over. It cannot be switched off again.')
param purgeProtection bool

@description('Object id of who deploys and may set the secrets; empty leaves its rights as they are.')
param writerId string = ''

var secretsOfficer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'

// The secrets themselves are in no template: the secrets script creates each once and a deployment overwrites none.
resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // The same with purge protection and without: a vault keeps the number that it was made with, and purge protection
    // may be switched on later. The longest; a vault without that protection can be purged sooner by hand.
    softDeleteRetentionInDays: 90
    enablePurgeProtection: purgeProtection ? true : null
    enabledForDeployment: false
    enabledForTemplateDeployment: false
    enabledForDiskEncryption: false
    publicNetworkAccess: 'Enabled'
  }
}

resource writer 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(writerId)) {
  name: guid(vault.id, writerId, secretsOfficer)
  scope: vault
  properties: {
    principalId: writerId
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsOfficer)
  }
}
