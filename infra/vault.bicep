// The first of two steps: the resource group and its Key Vault, so that passwords and certificates can be made before
// anything needs them. main.bicep declares both again, the same way.
targetScope = 'subscription'

import { tokenOf, resourceGroupOf, vaultNameOf, tagsOf } from 'modules/names.bicep'

@description('Names the environment, such as dev or prod.')
@minLength(2)
@maxLength(12)
param environmentName string

@description('The region of everything.')
@minLength(1)
param location string

@description('Whether a deleted vault is kept for certain until its time is over. Cannot be switched off again: on in production, off where environments come and go.')
param purgeProtection bool = false

@description('Object id of who may set the secrets: whoever deploys.')
param writerId string = deployer().objectId

var vaultName = vaultNameOf(tokenOf(subscription().subscriptionId, environmentName, location))
var tags = tagsOf(environmentName)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupOf(environmentName)
  location: location
  tags: tags
}

module vault 'modules/keyVault.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: vaultName
    purgeProtection: purgeProtection
    writerId: writerId
  }
}

@description('Where everything is.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The vault that holds passwords and certificates.')
output AZURE_KEY_VAULT_NAME string = vaultName
