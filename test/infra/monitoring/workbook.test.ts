import { describe, expect, test } from 'vitest';
import { committedSnapshot, parameterFiles } from '../../../infra/tools/azure/bicep.js';
import { Deployment } from '../deployment.js';
import { workbook } from './deployedMonitoring.js';
import { analyze } from './kusto.js';
import { questions } from './questions.js';

describe('The workbook', () => {
  test('The workbook asks only the questions of the folder, over the time that a person chooses', () => {
    const items = workbook.items.filter(({ type }) => type === 3);
    expect(items.map(({ content }) => content['query']).sort()).toEqual(Object.values(questions).sort());
    for (const { content, name } of items) expect(content['timeContextFromParameter'], name).toBe('TimeRange');
    const names = workbook.items.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('The workbook shows columns that its questions answer', () => {
    for (const { content, name } of workbook.items) {
      const { columnMatch } = ((content['tileSettings'] as Record<string, object> | undefined)?.['leftContent'] ??
        {}) as {
        readonly columnMatch?: string;
      };
      if (columnMatch !== undefined)
        expect(analyze(String(content['query'])).columns, name).toHaveProperty(columnMatch);
    }
  });

  test('The workbook is the same in every environment but for where it is', () => {
    const others = parameterFiles.map((file) => {
      const other = new Deployment(committedSnapshot(file));
      const { serializedData } = other.one('Microsoft.Insights/workbooks').properties as { serializedData: string };
      return serializedData.replace(/\/subscriptions\/[^"\\]*/g, 'somewhere');
    });
    expect(new Set(others).size).toBe(1);
  });
});
