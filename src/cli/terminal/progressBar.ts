import { MultiBar, type Options } from 'cli-progress';

import type { Clock } from '../../core/clock.js';
import { Pace } from '../reports/pace.js';
import type { ProgressDisplay, ProgressWords } from './progress.js';
import { counted, duration, number } from '../reports/wording.js';

const options: Options = {
  format: '[{bar}] {percentage}% | {events} | {rate} events/s | {left}',
  barsize: 24,
  fps: 5,
  barCompleteChar: '=',
  barIncompleteChar: ' ',
  clearOnComplete: true,
  // The run handles signals itself. The terminal must stay usable even when the process is killed.
  hideCursor: false,
  linewrap: true,
  gracefulExit: false,
};

/** A bar with events, events/s and the time left. It appears at the first progress. */
export function progressBar(stream: NodeJS.WritableStream, { done }: ProgressWords, clock: Clock): ProgressDisplay {
  // Of the library's bars, only the one for several bars lets other lines be printed.
  const bars = new MultiBar({ ...options, stream });
  const pace = new Pace();
  let bar: ReturnType<MultiBar['create']> | undefined;
  return {
    show(progress) {
      const { eventsPerSecond, total, secondsLeft } = pace.seen(progress, clock.elapsed());
      const payload = {
        events: progress.events === total ? counted(total, 'event') : `${number(progress.events)} of ~${number(total)}`,
        rate: number(eventsPerSecond),
        left: secondsLeft === 0 ? done : leftText(secondsLeft),
      };
      bar ??= bars.create(total, progress.events, payload);
      bar.setTotal(total);
      bar.update(progress.events, payload);
    },
    line(text) {
      if (!bar) stream.write(`${text}\n`);
      else bars.log(`${text}\n`);
    },
    end() {
      if (!bar) return;
      bars.update();
      bars.stop();
      bar = undefined;
    },
  };
}

function leftText(secondsLeft: number | undefined): string {
  return secondsLeft === undefined ? 'time left unknown' : `${duration(secondsLeft)} left`;
}
