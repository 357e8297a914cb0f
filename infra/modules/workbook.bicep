// One page about how replication goes, in Azure Monitor. It asks the same questions as the alerts.
import { queries } from '../monitoring/queries.bicep'

@description('Where the workbook is.')
param location string

@description('Tags of the workbook.')
param tags object

@description('The workspace that is asked.')
param workspaceId string

@description('The machine that is shown.')
param vmId string

// In the file an item names its question, and a chart of metrics leaves out the machine.
var page = json(loadTextContent('../monitoring/workbook.json'))
var items = map(
  page.items,
  item =>
    item.type == 3
      ? union(item, { content: union(item.content, { query: queries[item.content.query] }) })
      : item.type == 10 ? union(item, { content: union(item.content, { resourceIds: [vmId] }) }) : item
)

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'eventferry')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Eventferry'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: workspaceId
    serializedData: string(union(page, { items: items, fallbackResourceIds: [workspaceId] }))
  }
}
