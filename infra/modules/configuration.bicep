@description('Where the machine is.')
param location string

@description('Tags of the command.')
param tags object

@description('The machine that is configured.')
param vmName string

@description('What the scripts of infra/vm are told: name to value, no secret among them.')
param machineSettings object

@description('The settings of the Eventferry command line on the machine: name to value, no secret among them.')
param replicationSettings object

// Every file that the machine gets. Values arrive in two of them, so that no script depends on any.
var files = [
  { path: '/opt/eventferry/vm/configure', mode: '0755', content: base64(loadTextContent('../vm/configure')) }
  { path: '/opt/eventferry/vm/secret', mode: '0755', content: base64(loadTextContent('../vm/secret')) }
  { path: '/opt/eventferry/vm/mount-data', mode: '0755', content: base64(loadTextContent('../vm/mount-data')) }
  { path: '/opt/eventferry/vm/install-server', mode: '0755', content: base64(loadTextContent('../vm/install-server')) }
  {
    path: '/opt/eventferry/vm/place-certificates'
    mode: '0755'
    content: base64(loadTextContent('../vm/place-certificates'))
  }
  { path: '/opt/eventferry/vm/start-server', mode: '0755', content: base64(loadTextContent('../vm/start-server')) }
  { path: '/opt/eventferry/vm/set-users', mode: '0755', content: base64(loadTextContent('../vm/set-users')) }
  { path: '/opt/eventferry/vm/install-node', mode: '0755', content: base64(loadTextContent('../vm/install-node')) }
  {
    path: '/opt/eventferry/vm/install-eventferry'
    mode: '0755'
    content: base64(loadTextContent('../vm/install-eventferry'))
  }
  {
    path: '/opt/eventferry/vm/protect-stream.mjs'
    mode: '0755'
    content: base64(loadTextContent('../vm/protect-stream.mjs'))
  }
  { path: '/opt/eventferry/vm/health', mode: '0755', content: base64(loadTextContent('../vm/health')) }
  { path: '/opt/eventferry/vm/upkeep', mode: '0755', content: base64(loadTextContent('../vm/upkeep')) }
  { path: '/opt/eventferry/vm/kurrentdb.conf', mode: '0644', content: base64(loadTextContent('../vm/kurrentdb.conf')) }
  { path: '/usr/local/bin/eventferry', mode: '0755', content: base64(loadTextContent('../vm/eventferry')) }
  {
    path: '/etc/systemd/system/kurrentdb.service.d/override.conf'
    mode: '0644'
    content: base64(loadTextContent('../vm/systemd/kurrentdb.service.d/override.conf'))
  }
  {
    path: '/etc/systemd/system/eventferry-health.service'
    mode: '0644'
    content: base64(loadTextContent('../vm/systemd/eventferry-health.service'))
  }
  {
    path: '/etc/systemd/system/eventferry-health.timer'
    mode: '0644'
    content: base64(loadTextContent('../vm/systemd/eventferry-health.timer'))
  }
  {
    path: '/etc/systemd/system/eventferry-upkeep.service'
    mode: '0644'
    content: base64(loadTextContent('../vm/systemd/eventferry-upkeep.service'))
  }
  {
    path: '/etc/systemd/system/eventferry-upkeep.timer'
    mode: '0644'
    content: base64(loadTextContent('../vm/systemd/eventferry-upkeep.timer'))
  }
  { path: '/etc/eventferry/machine.env', mode: '0644', content: base64(linesOf(machineSettings)) }
  { path: '/etc/eventferry/replication.env', mode: '0644', content: base64(linesOf(replicationSettings)) }
]

// Values as systemd and POSIX shells both read them: in single quotes, which no value may hold.
func linesOf(settings object) string => '${join(map(items(settings), item => '${item.key}=\'${item.value}\''), '\n')}\n'

var placing = map(files, file => 'place ${file.mode} ${file.path} ${file.content}')

// Runs again when any of it changes; all of it can run any number of times. It carries no secret, not even as one of
// protectedParameters: the machine reads its own from the vault, with its identity. So no secret passes through whoever
// deploys, the deployment's history or the agent of the machine; a renewed certificate or a rotated password reaches the
// machine without a deployment (upkeep); and what-if can compare the whole command.
var script = join(
  flatten([
    [
      '#!/bin/bash'
      'set -euo pipefail'
      'place() {'
      '  mkdir -p "$(dirname "$2")"'
      '  echo "$3" | base64 -d >"$2.new"'
      '  chmod "$1" "$2.new"'
      '  mv "$2.new" "$2"'
      '}'
    ]
    placing
    [
      'exec /opt/eventferry/vm/configure'
      ''
    ]
  ]),
  '\n'
)

resource vm 'Microsoft.Compute/virtualMachines@2025-04-01' existing = {
  name: vmName

  resource configure 'runCommands' = {
    name: 'configure'
    location: location
    tags: tags
    properties: {
      source: { script: script }
      asyncExecution: false
      timeoutInSeconds: 3600
      treatFailureAsDeploymentFailure: true
    }
  }
}
