// The whole system in one resource group: network, event store, function app, storage, vault, monitoring; and a second
// group for the snapshots of its data. The secrets must be there first: see vault.bicep.
targetScope = 'subscription'

import { tokenOf, resourceGroupOf, vaultNameOf, tagsOf } from 'modules/names.bicep'

@description('Names the environment, such as dev or prod.')
@minLength(2)
@maxLength(12)
param environmentName string

@description('The region of everything.')
@minLength(1)
param location string

@description('How replication runs. economy: a slice each minute that ends when caught up, lag up to a minute. continuous: one instance always polls, lag under a second.')
@allowed(['economy', 'continuous'])
param profile string = 'economy'

@description('Whether the timer is off. A deployment says it each time, so that none un-pauses by accident: npm run infra:deploy keeps what is.')
param paused bool = false

@description('Where the source is. new: a storage account is created, for trying out. existing: the account sourceAccountId, read with an identity. secret: the connection string or read-only SAS URL in the secret source-connection.')
@allowed(['new', 'existing', 'secret'])
param sourceKind string = 'new'

@description('Resource id of the source\'s storage account, in whatever group and subscription. Needed for existing, and for sourcePrivateEndpoint.')
param sourceAccountId string = ''

@description('The container that is the source.')
@minLength(3)
@maxLength(63)
param sourceContainer string = 'tapes'

@description('Whether the source is reached through a private endpoint in our network, for an account behind a firewall. Needs sourceAccountId.')
param sourcePrivateEndpoint bool = false

@description('Further settings of docs/settings.md, such as SOURCE_ID or TARGET_STREAM: name to value, no secret and no single quote among them.')
param settings object = {}

@description('The table of the checkpoint.')
@minLength(3)
@maxLength(63)
param checkpointTable string = 'eventferry'

@description('Memory of an instance of the function app.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 512

@description('The most instances of the function app. The timer uses one, whatever this says.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('The public key that lets the administrator into the machine; there is no password.')
@minLength(60)
param sshPublicKey string

@description('The administrator of the machine.')
@minLength(2)
@maxLength(32)
param adminUsername string = 'ferryman'

@description('The size of the machine.')
@minLength(3)
param vmSize string = 'Standard_D2as_v5'

@description('Version of the Ubuntu image; a machine keeps the one that it was made with.')
@minLength(1)
param vmImageVersion string = 'latest'

@description('The availability zone of machine, disk and NAT gateway; empty for none in particular.')
@allowed(['', '1', '2', '3'])
param zone string = ''

@description('The kind of the data disk. PremiumV2_LRS needs a zone.')
@allowed(['PremiumV2_LRS', 'Premium_LRS'])
param dataDiskSku string = 'Premium_LRS'

@description('Size of the data disk. It can grow, see docs/deploy.md, but never shrink.')
@minValue(32)
@maxValue(32767)
param dataDiskGB int = 128

@description('Version of KurrentDB, as its package repository names it.')
@minLength(5)
param serverVersion string = '26.0.3'

@description('How much the server logs.')
@allowed(['Verbose', 'Debug', 'Information', 'Warning', 'Error'])
param serverLogLevel string = 'Information'

@description('Which projections the server runs. Replication needs none.')
@allowed(['None', 'System', 'All'])
param serverProjections string = 'None'

@description('Address range of the network, a /24 or larger.')
@minLength(9)
param addressPrefix string = '10.61.0.0/24'

@description('An address range, such as 203.0.113.7/32 of a VPN, that may reach the server and SSH; empty for none.')
param adminAddressPrefix string = ''

@description('Whether a deleted vault is kept for certain until its time is over. Cannot be switched off again: on in production, off where environments come and go.')
param purgeProtection bool = false

@description('The most that Log Analytics takes in a day, in GB; -1 for no limit. What comes after is lost until the next day.')
@minValue(-1)
param logDailyCapGB int = 1

@description('How long logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Who is told of alerts, an e-mail address; empty for nobody.')
param alertEmail string = ''

@description('Whether outages and stops are told by a webhook as well. Its URL is the secret notify-webhook-url.')
param notifyWebhook bool = false

@description('Whether a URL is asked for after each good run, so that someone outside of Azure notices when runs end. It is the secret heartbeat-url.')
param heartbeat bool = false

@description('So many seconds may replication be behind, once it has caught up for the first time, before people are told.')
@minValue(60)
@maxValue(86400)
param lagAlertSeconds int = 300

@description('Where docs/operating.md can be read; each alert links to its section there.')
@minLength(1)
param runbookUrl string = 'docs/operating.md'

@description('Whether the data disk is kept in daily snapshots.')
param backup bool = true

@description('How many days a snapshot is kept.')
@minValue(1)
@maxValue(360)
param backupKeptDays int = 7

var token = tokenOf(subscription().subscriptionId, environmentName, location)
var tags = tagsOf(environmentName)

// Names are made here, not by the modules, so that what-if can foresee everything.
var vaultName = vaultNameOf(token)
var storageName = 'stferry${token}'
var vmName = 'vm-eventstore-${token}'
var diskName = 'disk-eventstore-${token}'
var appName = 'func-eventferry-${token}'
var insightsName = 'appi-${token}'
var workspaceName = 'log-${token}'

var continuous = profile == 'continuous'
var dnsZoneName = 'eventferry.internal'
var serverName = 'eventstore'
var serverHost = '${serverName}.${dnsZoneName}'
var sourceIsSecret = sourceKind == 'secret'
var sourceIsOurs = sourceKind == 'new'
var sourceAccount = sourceIsOurs ? 'stsource${token}' : last(split(sourceAccountId, '/'))
var vaultUri = 'https://${vaultName}${environment().suffixes.keyvaultDns}/'

var connectionSecret = 'eventstore-connection-string'
var authoritySecret = 'eventstore-ca'
var sourceSecrets = sourceIsSecret ? ['source-connection'] : []
var replicationSecrets = concat([connectionSecret, authoritySecret], sourceSecrets)
// Whoever knows these URLs may use them.
var urlSecrets = concat(notifyWebhook ? ['notify-webhook-url'] : [], heartbeat ? ['heartbeat-url'] : [])
var appSecrets = concat(replicationSecrets, urlSecrets)
// Never the authority's key: it stays in the vault.
var machineSecrets = concat(replicationSecrets, [
  'eventstore-certificate'
  'eventstore-certificate-key'
  'eventstore-admin-password'
  'eventstore-ops-password'
  'eventferry-password'
])

// The same for the function app and for the command line on the machine, or their digests would differ.
var commonSettings = union(
  {
    SOURCE_CONTAINER: sourceContainer
    CHECKPOINT_TABLE: checkpointTable
  },
  settings
)
var sourceByIdentity = sourceIsSecret
  ? {}
  : {
      SOURCE_STORAGE__accountName: sourceAccount
      SOURCE_STORAGE__credential: 'managedidentity'
    }

// Messages that are set aside are kept by the app and by the command line alike.
var keepsMessages = settings.?ON_UNCONVERTIBLE == 'quarantine'
var quarantineContainer = settings.?QUARANTINE_CONTAINER ?? 'eventferry-quarantine'

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupOf(environmentName)
  location: location
  tags: tags
}

module network 'modules/network.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    addressPrefix: addressPrefix
    adminAddressPrefix: adminAddressPrefix
    zone: zone
    dnsZoneName: dnsZoneName
    serverName: serverName
  }
}

module appIdentity 'modules/identity.bicep' = {
  scope: group
  params: { location: location, tags: tags, name: 'id-app-${token}' }
}

module machineIdentity 'modules/identity.bicep' = {
  scope: group
  params: { location: location, tags: tags, name: 'id-machine-${token}' }
}

module keyVault 'modules/keyVault.bicep' = {
  scope: group
  params: { location: location, tags: tags, name: vaultName, purgeProtection: purgeProtection }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    name: storageName
    checkpointTable: checkpointTable
    keepsMessages: keepsMessages
    quarantineContainer: quarantineContainer
  }
}

module trialSource 'modules/trialSource.bicep' = if (sourceIsOurs) {
  scope: group
  params: { location: location, tags: tags, name: sourceAccount, container: sourceContainer }
}

var sourceScope = sourceIsOurs || empty(sourceAccountId)
  ? [subscription().subscriptionId, group.name]
  : [split(sourceAccountId, '/')[2], split(sourceAccountId, '/')[4]]

module appReadsSource 'modules/sourceReader.bicep' = if (!sourceIsSecret) {
  scope: resourceGroup(sourceScope[0], sourceScope[1])
  params: {
    accountName: sourceAccount
    container: sourceContainer
    principalId: appIdentity.outputs.principalId
  }
  dependsOn: [trialSource]
}

module machineReadsSource 'modules/sourceReader.bicep' = if (!sourceIsSecret) {
  scope: resourceGroup(sourceScope[0], sourceScope[1])
  params: {
    accountName: sourceAccount
    container: sourceContainer
    principalId: machineIdentity.outputs.principalId
  }
  dependsOn: [trialSource]
}

module sourceEndpoint 'modules/sourceEndpoint.bicep' = if (sourcePrivateEndpoint) {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    accountId: sourceAccountId
    networkId: network.outputs.networkId
    subnetId: network.outputs.endpointSubnetId
  }
}

module eventstore 'modules/eventstore.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    vmName: vmName
    diskName: diskName
    zone: zone
    vmSize: vmSize
    imageVersion: vmImageVersion
    adminUsername: adminUsername
    sshPublicKey: sshPublicKey
    dataDiskSku: dataDiskSku
    dataDiskGB: dataDiskGB
    subnetId: network.outputs.serverSubnetId
    privateIp: network.outputs.serverIp
    identityId: machineIdentity.outputs.id
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    insightsName: insightsName
    workspaceName: workspaceName
    dailyCapGB: logDailyCapGB
    retentionDays: logRetentionDays
    alertEmail: alertEmail
    vmName: vmName
    vmIdentityId: machineIdentity.outputs.id
  }
  dependsOn: [eventstore]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    vmId: eventstore.outputs.vmId
    actionGroupId: monitoring.outputs.actionGroupId
    runbookUrl: runbookUrl
    lagSeconds: lagAlertSeconds
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    vmId: eventstore.outputs.vmId
  }
}

module roles 'modules/roles.bicep' = {
  scope: group
  params: {
    appPrincipalId: appIdentity.outputs.principalId
    machinePrincipalId: machineIdentity.outputs.principalId
    storageAccountName: storageName
    checkpointTable: checkpointTable
    keepsMessages: keepsMessages
    quarantineContainer: quarantineContainer
    keyVaultName: vaultName
    appSecrets: appSecrets
    machineSecrets: machineSecrets
    insightsName: insightsName
  }
  dependsOn: [storage, keyVault, monitoring]
}

module configuration 'modules/configuration.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    vmName: vmName
    machineSettings: {
      KURRENTDB_VERSION: serverVersion
      SERVER_LOG_LEVEL: serverLogLevel
      SERVER_PROJECTIONS: serverProjections
      SERVER_HOST: serverHost
      VAULT_URL: vaultUri
      PACKAGE_URL: 'https://${storageName}.blob.${environment().suffixes.storage}/packages/released-package.zip'
      SOURCE_IS_SECRET: sourceIsSecret ? 'true' : 'false'
    }
    replicationSettings: union(commonSettings, sourceByIdentity, {
      CHECKPOINT_STORAGE__accountName: storageName
      CHECKPOINT_STORAGE__credential: 'managedidentity'
    })
  }
  dependsOn: [eventstore, roles, machineReadsSource, sourceEndpoint]
}

module functionApp 'modules/functionApp.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    name: appName
    identityId: appIdentity.outputs.id
    identityClientId: appIdentity.outputs.clientId
    subnetId: network.outputs.appSubnetId
    storageAccountName: storageName
    packagesUrl: storage.outputs.packagesUrl
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: continuous
    paused: paused
    insightsConnectionString: monitoring.outputs.connectionString
    replicationSettings: union(
      {
        REPLICATION_SCHEDULE: '0 * * * * *'
        RUN_SECONDS: '60'
        WHEN_CAUGHT_UP: continuous ? 'wait' : 'exit'
      },
      commonSettings,
      sourceIsSecret
        ? { SOURCE_STORAGE: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/source-connection)' }
        : union(sourceByIdentity, { SOURCE_STORAGE__clientId: appIdentity.outputs.clientId }),
      {
        EVENTSTORE_CONNECTION_STRING: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${connectionSecret})'
        EVENTSTORE_TLS_CA: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${authoritySecret})'
      },
      // A reference to a secret that may be absent would fail for hours.
      notifyWebhook
        ? { NOTIFY_WEBHOOK_URL: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/notify-webhook-url)' }
        : {},
      heartbeat ? { HEARTBEAT_URL: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/heartbeat-url)' } : {}
    )
  }
  // A reference to a secret that cannot be read yet stays unresolved for hours.
  dependsOn: [roles, appReadsSource, sourceEndpoint]
}

resource snapshots 'Microsoft.Resources/resourceGroups@2025-04-01' = if (backup) {
  name: '${resourceGroupOf(environmentName)}-snapshots'
  location: location
  tags: tags
}

module dailyBackup 'modules/backup.bicep' = if (backup) {
  scope: snapshots
  params: {
    location: location
    tags: tags
    token: token
    diskId: eventstore.outputs.dataDiskId
    diskName: diskName
    diskGroupName: group.name
    keptDays: backupKeptDays
  }
}

@description('The resource group of everything but the snapshots.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The function app.')
output AZURE_FUNCTION_APP_NAME string = appName

@description('Where status answers; it asks for a function key.')
output STATUS_URL string = 'https://${functionApp.outputs.hostName}/api/status'

@description('The vault that holds passwords and certificates.')
output AZURE_KEY_VAULT_NAME string = vaultName

@description('The storage account of host, packages and checkpoint.')
output AZURE_STORAGE_ACCOUNT_NAME string = storageName

@description('The storage account of the source; empty where only a secret names it.')
output SOURCE_ACCOUNT_NAME string = sourceIsSecret ? '' : sourceAccount

@description('The container that is the source.')
output SOURCE_CONTAINER string = sourceContainer

@description('The machine of the event store.')
output EVENTSTORE_VM_NAME string = vmName

@description('The server\'s name within the network.')
output EVENTSTORE_HOST string = serverHost

@description('The data disk of the event store.')
output EVENTSTORE_DISK_NAME string = diskName

@description('The Log Analytics workspace.')
output LOG_WORKSPACE_NAME string = workspaceName
