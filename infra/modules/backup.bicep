@description('Where the backup is.')
param location string

@description('Tags of everything here.')
param tags object

@description('What names are made unique with.')
@minLength(13)
@maxLength(13)
param token string

@description('The disk that is kept.')
param diskId string

@description('The name of that disk.')
param diskName string

@description('The resource group of that disk.')
param diskGroupName string

@description('How many days a snapshot is kept.')
@minValue(1)
@maxValue(360)
param keptDays int

// Snapshots are incremental, live in this resource group and are made once a day.
resource vault 'Microsoft.DataProtection/backupVaults@2025-09-01' = {
  name: 'bvault-${token}'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    storageSettings: [{ datastoreType: 'VaultStore', type: 'LocallyRedundant' }]
  }

  resource daily 'backupPolicies' = {
    name: 'daily'
    properties: {
      objectType: 'BackupPolicy'
      datasourceTypes: ['Microsoft.Compute/disks']
      policyRules: [
        {
          name: 'BackupDaily'
          objectType: 'AzureBackupRule'
          backupParameters: { objectType: 'AzureBackupParams', backupType: 'Incremental' }
          dataStore: { dataStoreType: 'OperationalStore', objectType: 'DataStoreInfoBase' }
          trigger: {
            objectType: 'ScheduleBasedTriggerContext'
            schedule: {
              repeatingTimeIntervals: ['R/2026-01-01T02:30:00+00:00/P1D']
              timeZone: 'UTC'
            }
            taggingCriteria: [{ isDefault: true, taggingPriority: 99, tagInfo: { tagName: 'Default' } }]
          }
        }
        {
          name: 'Default'
          objectType: 'AzureRetentionRule'
          isDefault: true
          lifecycles: [
            {
              deleteAfter: { objectType: 'AbsoluteDeleteOption', duration: 'P${keptDays}D' }
              sourceDataStore: { dataStoreType: 'OperationalStore', objectType: 'DataStoreInfoBase' }
            }
          ]
        }
      ]
    }
  }

  resource disk 'backupInstances' = {
    name: diskName
    properties: {
      objectType: 'BackupInstance'
      friendlyName: diskName
      dataSourceInfo: {
        objectType: 'Datasource'
        datasourceType: 'Microsoft.Compute/disks'
        resourceID: diskId
        resourceLocation: location
        resourceName: diskName
        resourceType: 'Microsoft.Compute/disks'
        resourceUri: diskId
      }
      policyInfo: {
        policyId: vault::daily.id
        policyParameters: {
          dataStoreParametersList: [
            {
              objectType: 'AzureOperationalStoreParameters'
              dataStoreType: 'OperationalStore'
              #disable-next-line use-resource-id-functions // it is one
              resourceGroupId: resourceGroup().id
            }
          ]
        }
      }
    }
    dependsOn: [readsDisk, keepsSnapshots]
  }
}

module readsDisk 'backupDiskReader.bicep' = {
  scope: resourceGroup(diskGroupName)
  params: { principalId: vault.identity.principalId, diskName: diskName }
}

module keepsSnapshots 'backupSnapshotKeeper.bicep' = {
  params: { principalId: vault.identity.principalId }
}
