using '../../../infra/main.bicep'

// A source that a connection string or SAS in the vault names.
param environmentName = 'sas'
param location = 'northeurope'
param sshPublicKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOfflineChecksOnlyNobodyHasThisKey00000000000 nobody'
param sourceKind = 'secret'
