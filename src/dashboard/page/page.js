// The script of the status page. Everything shown comes from one JSON that the page asks for every 10 seconds.

import { showCourse, takeSamples } from './course.js';
import { byId } from './elements.js';
import { showChunks, showMore, showNow, showRuns } from './sections.js';
import { article, showState, showTrouble, stateOf, troubleOf } from './state.js';
import { clockTime } from './words.js';

const pollMs = 10_000;
const answerMs = 9_500;
const dataUrl = `${location.pathname.replace(/\/+$/, '')}/data${location.search}`;

/** The server's time of the last answer. */
let shown;
let timer;
let asking = false;

function take(answer) {
  const { now, status } = answer;
  takeSamples(answer);
  const names = status.source ? `${status.source.id} to stream ${status.target.stream}` : '';
  byId('names').textContent = names;
  showState(stateOf(status), names);
  showTrouble(troubleOf(status, now));
  showNow(status, now);
  showCourse();
  showChunks(status.source?.map);
  showRuns(status.recentRuns);
  showMore(status);
  Object.assign(byId('updated'), { dateTime: now, textContent: clockTime(now) });
  shown = now;
}

async function ask() {
  clearTimeout(timer);
  if (asking || document.visibilityState === 'hidden') return;
  asking = true;
  try {
    const answer = await fetch(dataUrl, { cache: 'no-store', signal: AbortSignal.timeout(answerMs) });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    take(await answer.json());
  } catch (error) {
    const since = shown ? ` What is below was true at ${clockTime(shown)}.` : '';
    showState('lost', byId('names').textContent);
    showTrouble([
      article(
        'No answer',
        `The page got no answer: ${error.message}.${since}`,
        'Check that the function app, or `eventferry run --dashboard`, is running and can be reached from here.',
      ),
    ]);
  } finally {
    asking = false;
    timer = setTimeout(ask, pollMs);
  }
}

document.addEventListener('visibilitychange', ask);
byId('span').addEventListener('change', () => shown && showCourse());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => shown && showCourse());
await ask();
