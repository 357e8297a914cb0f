using 'main.bicep'

// For production: an instance that always polls, the team's own source, a zonal disk, daily snapshots.
param environmentName = 'prod'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param profile = 'continuous'
param paused = bool(readEnvironmentVariable('EVENTFERRY_PAUSED', 'false'))
param sshPublicKey = readEnvironmentVariable('EVENTFERRY_SSH_PUBLIC_KEY')
param sourceKind = 'existing'
param sourceAccountId = readEnvironmentVariable('EVENTFERRY_SOURCE_ACCOUNT_ID')
param sourceContainer = readEnvironmentVariable('EVENTFERRY_SOURCE_CONTAINER', 'tapes')
param zone = '1'
param dataDiskSku = 'PremiumV2_LRS'
param dataDiskGB = 256
param purgeProtection = true
param alertEmail = readEnvironmentVariable('EVENTFERRY_ALERT_EMAIL', '')
