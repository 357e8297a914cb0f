import { MultiBar, type Options } from 'cli-progress';

import type { Clock } from '../../core/clock.js';
import { printable } from '../../core/text.js';
import type { RunProgress } from '../../engine/terms.js';
import type { Host } from '../host.js';
import { Pace, type Speed } from '../reports/pace.js';
import { counted, duration, number } from '../reports/wording.js';

/** Shows a person how far a run has come. */
export interface ProgressDisplay {
  show(progress: RunProgress): void;
  /** Prints another line without breaking the display. */
  line(text: string): void;
  end(): void;
}

/** The words for events that are left, and for none. */
export interface ProgressWords {
  readonly left: string;
  readonly done: string;
}

export const replicationWords: ProgressWords = { left: 'behind', done: 'caught up' };

/** On stderr: a bar on a terminal, a line every few seconds elsewhere. */
export function progressDisplay({ stderr, clock }: Host, words: ProgressWords): ProgressDisplay {
  return stderr.isTTY ? progressBar(stderr, words, clock) : progressLines(stderr, words, clock);
}

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
function progressBar(stream: NodeJS.WritableStream, { done }: ProgressWords, clock: Clock): ProgressDisplay {
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
      const line = `${printable(text)}\n`;
      if (!bar) stream.write(line);
      else bars.log(line);
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

const lineEveryMs = 5_000;

/** Prints a line every few seconds while there is progress; for logs and pipes. */
export function progressLines(stream: NodeJS.WritableStream, words: ProgressWords, clock: Clock): ProgressDisplay {
  const pace = new Pace();
  let [shownAtMs, shownEvents] = [clock.elapsed(), 0];
  return {
    show(progress) {
      const atMs = clock.elapsed();
      const speed = pace.seen(progress, atMs);
      if (atMs - shownAtMs < lineEveryMs || progress.events === shownEvents) return;
      [shownAtMs, shownEvents] = [atMs, progress.events];
      stream.write(`${lineOf(progress, speed, words)}\n`);
    },
    line: (text) => void stream.write(`${printable(text)}\n`),
    end: () => undefined,
  };
}

function lineOf({ events, position, revision }: RunProgress, speed: Speed, words: ProgressWords): string {
  const behind = speed.total - events;
  return [
    counted(events, 'event'),
    `${number(speed.eventsPerSecond)} events/s`,
    `position ${position}, revision ${revision}`,
    behind === 0 ? words.done : `~${number(behind)} ${words.left}`,
    ...(behind > 0 && speed.secondsLeft !== undefined ? [`${duration(speed.secondsLeft)} left`] : []),
  ].join(' | ');
}
