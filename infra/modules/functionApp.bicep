@description('Where the app is.')
param location string

@description('Tags of everything here.')
param tags object

@description('What names are made unique with.')
@minLength(13)
@maxLength(13)
param token string

@description('The app\'s name.')
param name string

@description('The app\'s identity.')
param identityId string

@description('The client id of that identity.')
param identityClientId string

@description('The subnet that the app is integrated into.')
param subnetId string

@description('The storage account of the Functions host.')
param storageAccountName string

@description('The URL of the container of deployment packages.')
param packagesUrl string

@description('Memory of an instance.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('The most instances beside those that are always ready.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('Whether one instance of the timer is always there.')
param alwaysReady bool

@description('Whether the timer is off.')
param paused bool

@description('Where telemetry goes.')
param insightsConnectionString string

@description('The settings of docs/settings.md.')
param replicationSettings object

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'replicator' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: subnetId
    siteConfig: { minTlsVersion: '1.2', ftpsState: 'Disabled', alwaysOn: false }
    functionAppConfig: {
      runtime: { name: 'node', version: '24' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady ? [{ name: 'function:replicate', instanceCount: 1 }] : []
      }
    }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: union(replicationSettings, {
      AzureWebJobsStorage__accountName: storageAccountName
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      'AzureWebJobs.replicate.Disabled': paused ? 'true' : 'false'
      APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    })
  }
}

@description('The app\'s host name.')
output hostName string = app.properties.defaultHostName
