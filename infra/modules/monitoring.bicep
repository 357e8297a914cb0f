@description('Where everything is.')
param location string

@description('Tags of everything here.')
param tags object

@description('What names are made unique with.')
@minLength(13)
@maxLength(13)
param token string

@description('The Application Insights resource.')
param insightsName string

@description('The Log Analytics workspace.')
param workspaceName string

@description('The most that the workspace takes in a day, in GB; -1 for no limit. What comes after is lost.')
param dailyCapGB int

@description('How long logs are kept.')
param retentionDays int

@description('Who is told of alerts; empty for nobody.')
param alertEmail string

@description('The machine whose journal is collected.')
param vmName string

@description('The machine\'s identity.')
param vmIdentityId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyCapGB }
    features: { disableLocalAuth: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${token}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'eventferry'
    emailReceivers: empty(alertEmail) ? [] : [{ name: 'people', emailAddress: alertEmail, useCommonAlertSchema: true }]
  }
}

// The journal of the machine: what the server says, and one line of health a minute.
resource journal 'Microsoft.Insights/dataCollectionRules@2024-03-11' = {
  name: 'dcr-${token}'
  location: location
  tags: tags
  kind: 'Linux'
  properties: {
    dataSources: {
      syslog: [
        {
          name: 'journal'
          streams: ['Microsoft-Syslog']
          facilityNames: ['daemon']
          logLevels: ['Info', 'Notice', 'Warning', 'Error', 'Critical', 'Alert', 'Emergency']
        }
      ]
    }
    destinations: { logAnalytics: [{ name: 'workspace', workspaceResourceId: workspace.id }] }
    dataFlows: [{ streams: ['Microsoft-Syslog'], destinations: ['workspace'] }]
  }
}

resource vm 'Microsoft.Compute/virtualMachines@2025-04-01' existing = {
  name: vmName

  resource agent 'extensions' = {
    name: 'AzureMonitorLinuxAgent'
    location: location
    tags: tags
    properties: {
      publisher: 'Microsoft.Azure.Monitor'
      type: 'AzureMonitorLinuxAgent'
      typeHandlerVersion: '1.33'
      autoUpgradeMinorVersion: true
      enableAutomaticUpgrade: true
      settings: {
        authentication: {
          managedIdentity: { 'identifier-name': 'mi_res_id', 'identifier-value': vmIdentityId }
        }
      }
    }
  }
}

resource collected 'Microsoft.Insights/dataCollectionRuleAssociations@2024-03-11' = {
  name: 'journal'
  scope: vm
  properties: { dataCollectionRuleId: journal.id }
}

@description('Where telemetry goes; no secret, because local authentication is off.')
output connectionString string = insights.properties.ConnectionString

@description('The workspace.')
output workspaceId string = workspace.id

@description('Who alerts go to.')
output actionGroupId string = people.id
