import type { Outputs } from './environment.js';

/**
 * The arguments of `az` that ask the workspace of a deployment.
 *
 * @param timespan ISO 8601, such as PT4H; without it, the query itself limits the time
 */
export function logQuery(
  { AZURE_RESOURCE_GROUP: group, LOG_WORKSPACE_NAME: workspace }: Outputs,
  query: string,
  timespan?: string,
): string[] {
  return [
    ...['rest', '--method', 'post', '--resource', 'https://api.loganalytics.io', '--url'],
    `https://api.loganalytics.io/v1/subscriptions/{subscriptionId}/resourceGroups/${group}/providers/Microsoft.OperationalInsights/workspaces/${workspace}/query`,
    ...['--body', JSON.stringify({ query, timespan })],
  ];
}
