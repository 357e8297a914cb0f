import { committedSnapshot } from '../../../infra/tools/azure/bicep.js';
import { Deployment } from '../deployment.js';

interface LogAlert {
  readonly name: string;
  readonly query: string;
  readonly metricMeasureColumn: string;
  readonly operator: string;
  readonly threshold: number;
  readonly timeAggregation: string;
  readonly windowSize: string;
  readonly evaluationFrequency: string;
}

export const deployment = new Deployment(committedSnapshot('infra/prod.bicepparam'));
export const logAlerts: readonly LogAlert[] = deployment
  .all('Microsoft.Insights/scheduledQueryRules')
  .map(({ name, properties }) => {
    const { criteria, windowSize, evaluationFrequency } = properties as Omit<LogAlert, 'name'> & {
      readonly criteria: { readonly allOf: readonly [LogAlert] };
    };
    return { ...criteria.allOf[0], windowSize, evaluationFrequency, name: name.replace(/^eventferry-/, '') };
  });
export const metricAlerts = deployment
  .all('Microsoft.Insights/metricAlerts')
  .map(({ name }) => name.replace(/^eventferry-/, ''));

interface WorkbookItem {
  readonly type: number;
  readonly name: string;
  readonly content: Readonly<Record<string, unknown>>;
}

export const workbook = JSON.parse(
  String(deployment.one('Microsoft.Insights/workbooks').properties['serializedData']),
) as {
  readonly items: readonly WorkbookItem[];
};
/** The questions that the workbook asks. */
export const shown = workbook.items.filter(({ type }) => type === 3).map(({ content }) => String(content['query']));
