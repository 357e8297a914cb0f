using '../../../infra/main.bicep'

// A source of one's own in another subscription, behind a firewall; everything that a parameter can add.
param environmentName = 'own'
param location = 'northeurope'
param profile = 'continuous'
param paused = true
param sshPublicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOfflineChecksOnlyNobodyHasThisKey00000000000 nobody'
param sourceKind = 'existing'
param sourceAccountId = '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-shop/providers/Microsoft.Storage/storageAccounts/shopevents'
param sourceContainer = 'shop-tapes'
param sourcePrivateEndpoint = true
param settings = {
  SOURCE_ID: 'shop'
  TARGET_STREAM: 'shop-events'
  STRIP_NAMESPACES: 'Shop.Contracts'
  ON_UNCONVERTIBLE: 'quarantine'
}
param notifyWebhook = true
param heartbeat = true
param runbookUrl = 'https://github.com/example/eventferry/blob/main/docs/operating.md'
param adminAddressPrefix = '203.0.113.7/32'
param serverVersion = '26.1.0'
param serverLogLevel = 'Warning'
param serverProjections = 'System'
