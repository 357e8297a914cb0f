import { unless, type Rule } from './rule.js';

export const monitoringRules: Readonly<Record<string, Rule>> = {
  'every alert is on, looks every five minutes, and tells people what to do': (deployment) =>
    ['Microsoft.Insights/scheduledQueryRules', 'Microsoft.Insights/metricAlerts'].flatMap((type) =>
      deployment.all(type).flatMap(({ name, properties }) => {
        const text = JSON.stringify(properties);
        return unless(
          [properties['enabled'] === true, `${name} is off`],
          [
            properties['evaluationFrequency'] === 'PT5M',
            `${name} looks every ${String(properties['evaluationFrequency'])}`,
          ],
          [/\/actionGroups\/ag-/.test(text), `${name} tells nobody`],
          [
            String(properties['description']).endsWith(`operating.md#${name.replace('eventferry-', '')}`),
            `${name} does not say what to do`,
          ],
          [
            /\/(?:workspaces\/log|virtualMachines\/vm-eventstore)-/.test(String(properties['scopes'])),
            `${name} looks elsewhere`,
          ],
        );
      }),
    ),

  'the switch that goes off in silence is there: no successful run for fifteen minutes': (deployment) => {
    const rule = deployment
      .all('Microsoft.Insights/scheduledQueryRules')
      .find(({ name }) => name === 'eventferry-no-successful-run');
    return unless([rule?.properties['windowSize'] === 'PT15M', 'it is not']);
  },

  'telemetry takes identities only, and logs have a daily cap': (deployment) => {
    const { DisableLocalAuth } = deployment.one('Microsoft.Insights/components').properties;
    const { workspaceCapping } = deployment.one('Microsoft.OperationalInsights/workspaces').properties as {
      readonly workspaceCapping?: { readonly dailyQuotaGb?: number };
    };
    return unless(
      [DisableLocalAuth === true, 'local authentication is on'],
      [(workspaceCapping?.dailyQuotaGb ?? 0) > 0, 'there is no cap'],
    );
  },
};
