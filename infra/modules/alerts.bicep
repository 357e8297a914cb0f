// What tells people that something is wrong. Each alert asks one question of ../monitoring, or watches one metric of the
// machine, and has a section of its name in docs/operating.md.
import { queries } from '../monitoring/queries.bicep'

@description('Where the alerts are.')
param location string

@description('Tags of the alerts.')
param tags object

@description('The workspace that is asked.')
param workspaceId string

@description('The machine that is watched.')
param vmId string

@description('Who is told.')
param actionGroupId string

@description('Where docs/operating.md can be read; each alert links to its section there.')
param runbookUrl string

@description('So many seconds may replication be behind, once it has caught up for the first time.')
param lagSeconds int

// Every five minutes, over a window that is long enough for what arrives late.
var questions = [
  {
    name: 'no-successful-run'
    says: 'No run of the replicator ended well for 15 minutes'
    severity: 1
    window: 'PT15M'
    measure: 'GoodRuns'
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'stalled'
    says: 'Nothing was confirmed for 10 minutes although the source is ahead, or does not answer'
    severity: 1
    window: 'PT10M'
    measure: 'StaleSeconds'
    operator: 'GreaterThan'
    threshold: 600
  }
  {
    name: 'stopped'
    says: 'Replication has stopped until a person decides'
    severity: 1
    window: 'PT10M'
    measure: 'Stopped'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'outage'
    says: 'Source, target or checkpoint could not be reached for 5 minutes'
    severity: 2
    window: 'PT15M'
    measure: 'OutageMinutes'
    operator: 'GreaterThanOrEqual'
    threshold: 5
  }
  {
    name: 'lag'
    says: 'Replication is ${lagSeconds} seconds behind the source'
    severity: 2
    window: 'PT10M'
    measure: 'LagSeconds'
    operator: 'GreaterThan'
    threshold: lagSeconds
  }
  {
    name: 'quarantine'
    says: 'Messages that cannot become events were set aside'
    severity: 2
    window: 'PT15M'
    measure: 'SetAside'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'server-down'
    says: 'The machine has not said for 10 minutes that its server is live'
    severity: 1
    window: 'PT10M'
    measure: 'LiveLines'
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'data-disk'
    says: 'The data disk is more than 80 % full'
    severity: 2
    window: 'PT15M'
    measure: 'UsedPercent'
    operator: 'GreaterThan'
    threshold: 80
  }
  {
    name: 'certificate'
    says: 'The certificate that the server shows ends within 30 days'
    severity: 2
    window: 'PT15M'
    measure: 'DaysLeft'
    operator: 'LessThan'
    threshold: 30
  }
]

resource asked 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for question in questions: {
    name: 'eventferry-${question.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: question.says
      description: '${question.says}. What to do: ${runbookUrl}#${question.name}'
      enabled: true
      severity: question.severity
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: question.window
      criteria: {
        allOf: [
          {
            query: queries[question.name]
            metricMeasureColumn: question.measure
            timeAggregation: question.operator == 'LessThan' ? 'Minimum' : 'Maximum'
            operator: question.operator
            threshold: question.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: true
      actions: { actionGroups: [actionGroupId] }
    }
  }
]

// What the platform itself measures needs neither agent nor workspace.
var metrics = [
  {
    name: 'machine-down'
    says: 'The machine of the event store is down'
    severity: 1
    metric: 'VmAvailabilityMetric'
    window: 'PT5M'
    operator: 'LessThan'
    threshold: 1
    dimensions: []
  }
  {
    name: 'disk-iops'
    says: 'The data disk is used for more than 80 % of the operations that it can do'
    severity: 2
    metric: 'Data Disk IOPS Consumed Percentage'
    window: 'PT15M'
    operator: 'GreaterThan'
    threshold: 80
    dimensions: [{ name: 'LUN', operator: 'Include', values: ['*'] }]
  }
]

resource watched 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for metric in metrics: {
    name: 'eventferry-${metric.name}'
    location: 'global'
    tags: tags
    properties: {
      description: '${metric.says}. What to do: ${runbookUrl}#${metric.name}'
      enabled: true
      severity: metric.severity
      scopes: [vmId]
      evaluationFrequency: 'PT5M'
      windowSize: metric.window
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: metric.name
            metricNamespace: 'Microsoft.Compute/virtualMachines'
            metricName: metric.metric
            timeAggregation: 'Average'
            operator: metric.operator
            threshold: metric.threshold
            dimensions: metric.dimensions
          }
        ]
      }
      autoMitigate: true
      actions: [{ actionGroupId: actionGroupId }]
    }
  }
]
