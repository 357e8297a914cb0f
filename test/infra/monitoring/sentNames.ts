import { events, metrics } from '../../../src/telemetry/metrics.js';

/** The names in a text (KQL or a document) that Eventferry does not send. */
export function strangeNames(text: string): string[] {
  const named = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? '');
  const messages = named(/Message (?:==|in) ('[^']*'|\([^)]*\))/g).flatMap((list) =>
    [...list.matchAll(/'([^']+)'/g)].map((match) => match[1] ?? ''),
  );
  return [
    ...named(/\b(eventferry\.[a-z_]+(?:\.[a-z_]+)*)/g).filter(
      (name) => !(name in metrics) && !/\.(?:internal|ts|zip)$/.test(name),
    ),
    ...messages.filter((name) => !(name in events)),
  ];
}

/** The attributes that a metric's points carry. */
function attributesOf(name: string): string[] {
  const about = metrics[name as keyof typeof metrics];
  return ['source', 'stream', ...('attribute' in about ? [about.attribute] : [])];
}

/** The properties that a question uses although not all of its metrics have them. */
export function strangeAttributes(query: string): string[] {
  if (!query.includes('AppMetrics')) return [];
  const names = [...query.matchAll(/'(eventferry\.[^']+)'/g)].map((match) => match[1] ?? '');
  const used = [...query.matchAll(/Properties\['([^']+)'\]/g)].map((match) => match[1] ?? '');
  return used.filter((attribute) => !names.every((name) => attributesOf(name).includes(attribute)));
}
