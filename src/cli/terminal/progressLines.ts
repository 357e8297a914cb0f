import type { Clock } from '../../core/clock.js';
import type { RunProgress } from '../../engine/terms.js';
import { Pace } from '../reports/pace.js';
import type { ProgressDisplay, ProgressWords } from './progress.js';
import { counted, duration, number } from '../reports/wording.js';

const everyMs = 5_000;

/** Prints a line every few seconds while there is progress; for logs and pipes. */
export function progressLines(
  stream: NodeJS.WritableStream,
  words: ProgressWords,
  clock: Pick<Clock, 'elapsed'>,
): ProgressDisplay {
  const pace = new Pace();
  let [shownAtMs, shownEvents] = [clock.elapsed(), 0];
  return {
    show(progress) {
      const atMs = clock.elapsed();
      const speed = pace.seen(progress, atMs);
      if (atMs - shownAtMs < everyMs || progress.events === shownEvents) return;
      [shownAtMs, shownEvents] = [atMs, progress.events];
      stream.write(`${lineOf(progress, speed, words)}\n`);
    },
    line: (text) => void stream.write(`${text}\n`),
    end: () => undefined,
  };
}

function lineOf(
  { events, position, revision }: RunProgress,
  speed: ReturnType<Pace['seen']>,
  words: ProgressWords,
): string {
  const behind = speed.total - events;
  return [
    counted(events, 'event'),
    `${number(speed.eventsPerSecond)} events/s`,
    `position ${position}, revision ${revision}`,
    behind === 0 ? words.done : `~${number(behind)} ${words.left}`,
    ...(behind > 0 && speed.secondsLeft !== undefined ? [`${duration(speed.secondsLeft)} left`] : []),
  ].join(' | ');
}
