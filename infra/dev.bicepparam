using 'main.bicep'

// For trying out: the least that works, in one region, with a source of its own.
param environmentName = 'dev'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param profile = 'economy'
param paused = bool(readEnvironmentVariable('EVENTFERRY_PAUSED', 'false'))
param sshPublicKey = readEnvironmentVariable('EVENTFERRY_SSH_PUBLIC_KEY')
param sourceKind = 'new'
param vmSize = 'Standard_B2as_v2'
param dataDiskGB = 32
param purgeProtection = false
param backup = false
