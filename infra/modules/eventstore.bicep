@description('Where the server is.')
param location string

@description('Tags of everything here.')
param tags object

@description('What names are made unique with.')
@minLength(13)
@maxLength(13)
param token string

@description('The machine\'s name.')
param vmName string

@description('The data disk\'s name.')
param diskName string

@description('The zone of the server and its disk; empty for none in particular.')
@allowed(['', '1', '2', '3'])
param zone string

@description('The size of the machine.')
param vmSize string

@description('Version of the Ubuntu 24.04 image; a change makes a new machine necessary.')
param imageVersion string

@description('The administrator of the machine, for SSH.')
param adminUsername string

@description('The public key that lets the administrator in; there is no password.')
param sshPublicKey string

@description('The kind of the data disk. PremiumV2_LRS needs a zone.')
@allowed(['PremiumV2_LRS', 'Premium_LRS'])
param dataDiskSku string

@description('Size of the data disk. It can grow but never shrink.')
param dataDiskGB int

@description('The subnet of the server.')
param subnetId string

@description('The server\'s fixed address.')
param privateIp string

@description('The machine\'s identity.')
param identityId string

var zones = empty(zone) ? null : [zone]

// Mounts the data disk and no more: a machine's customData can never be changed, so it holds nothing that any parameter
// changes. The rest comes with configuration.bicep.
var bootstrap = replace(
  loadTextContent('../vm/cloud-init.yaml'),
  '@@MOUNT_DATA@@',
  base64(loadTextContent('../vm/mount-data'))
)

resource dataDisk 'Microsoft.Compute/disks@2025-01-02' = {
  name: diskName
  location: location
  tags: tags
  zones: zones
  sku: { name: dataDiskSku }
  properties: {
    creationData: { createOption: 'Empty' }
    diskSizeGB: dataDiskGB
    networkAccessPolicy: 'DenyAll'
    publicNetworkAccess: 'Disabled'
  }
}

resource nic 'Microsoft.Network/networkInterfaces@2025-07-01' = {
  name: 'nic-eventstore-${token}'
  location: location
  tags: tags
  properties: {
    ipConfigurations: [
      {
        name: 'server'
        properties: {
          subnet: { id: subnetId }
          privateIPAllocationMethod: 'Static'
          privateIPAddress: privateIp
        }
      }
    ]
  }
}

resource vm 'Microsoft.Compute/virtualMachines@2025-04-01' = {
  name: vmName
  location: location
  tags: tags
  zones: zones
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    hardwareProfile: { vmSize: vmSize }
    securityProfile: {
      securityType: 'TrustedLaunch'
      uefiSettings: { secureBootEnabled: true, vTpmEnabled: true }
    }
    osProfile: {
      computerName: 'eventstore'
      adminUsername: adminUsername
      customData: base64(bootstrap)
      linuxConfiguration: {
        disablePasswordAuthentication: true
        ssh: { publicKeys: [{ path: '/home/${adminUsername}/.ssh/authorized_keys', keyData: sshPublicKey }] }
      }
    }
    storageProfile: {
      imageReference: {
        publisher: 'Canonical'
        offer: 'ubuntu-24_04-lts'
        sku: 'server'
        version: imageVersion
      }
      osDisk: {
        createOption: 'FromImage'
        caching: 'ReadWrite'
        deleteOption: 'Delete'
        managedDisk: { storageAccountType: 'Premium_LRS' }
      }
      dataDisks: [
        {
          lun: 0
          createOption: 'Attach'
          caching: 'None'
          deleteOption: 'Detach'
          managedDisk: { id: dataDisk.id }
        }
      ]
    }
    networkProfile: { networkInterfaces: [{ id: nic.id, properties: { deleteOption: 'Detach' } }] }
    diagnosticsProfile: { bootDiagnostics: { enabled: true } }
  }
}

@description('The data disk.')
output dataDiskId string = dataDisk.id

@description('The machine.')
output vmId string = vm.id
