// Whether replication is well, and what is wrong.

import { byId, element } from './elements.js';
import { ago, dayTime, number } from './words.js';

const states = {
  well: 'Up to date',
  behind: 'Catching up',
  outage: 'Outage: it tries again by itself',
  stopped: 'Stopped: a person must decide',
  trouble: 'Something is wrong',
  lost: 'No answer',
};

/** The outage that is not over. */
export const outageNow = ({ outage }) => (outage?.endedAt === undefined ? outage : undefined);

export function stateOf(status) {
  const { healthy, stop, lag } = status;
  if (stop) return 'stopped';
  if (outageNow(status)) return 'outage';
  if (!healthy) return 'trouble';
  return lag && lag.bytes > 0 ? 'behind' : 'well';
}

export function showState(state, names) {
  document.body.dataset.state = state;
  if (byId('state').textContent !== states[state]) byId('state').textContent = states[state];
  document.title = `${state === 'well' || state === 'behind' ? '' : '! '}${names || 'Eventferry'}: ${states[state]}`;
}

export function showTrouble(articles) {
  const section = byId('trouble');
  const text = articles.map((article) => article.textContent).join('\n');
  section.hidden = articles.length === 0;
  // A screen reader reads an alert aloud whenever it is replaced.
  if (section.dataset.text === text) return;
  section.dataset.text = text;
  section.replaceChildren(...articles);
}

/** One thing that is wrong, and what to do about it. */
export function article(title, message, next) {
  return element(
    'article',
    {},
    element('h2', { textContent: title }),
    element('p', { textContent: message }),
    ...(next ? [element('p', { className: 'next', textContent: `What to do: ${next}` })] : []),
  );
}

export function troubleOf(status, now) {
  const { stop, problems } = status;
  const outage = outageNow(status);
  const incident = (what, { since, failure: { kind, message, remedy } }, more = '') =>
    article(`${what} since ${dayTime(since)} (${ago(since, now)}): ${kind}`, `${message}${more}`, remedy);
  const articles = [];
  if (stop) articles.push(incident('Stopped', stop));
  if (outage) {
    const tries = outage.tries === 1 ? '1 try has failed' : `${number(outage.tries)} tries have failed`;
    articles.push(incident('Outage', outage, ` ${tries}.`));
  }
  const told = [stop, status.outage].filter(Boolean).map(({ failure }) => failure.message);
  for (const problem of problems) {
    if (!told.some((message) => problem.includes(message))) articles.push(article('Problem', problem));
  }
  return articles;
}
