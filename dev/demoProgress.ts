import cliProgress from 'cli-progress';

/** How far the demo is. */
export interface DemoState {
  /** Acknowledged records, and how many there will be. */
  readonly written: number;
  readonly records: number;
  /** Events in the target stream, and how many there will be. */
  readonly replicated: number;
  readonly events: number;
}

/** Shows how far the demo is: as two bars on a terminal, elsewhere as a line every few seconds. */
export interface DemoProgress {
  show(state: DemoState): void;
  /** Prints a line of its own. */
  say(text: string): void;
  end(): void;
}

const lineEveryMs = 3_000;

export function demoProgress(): DemoProgress {
  return process.stdout.isTTY ? bars() : lines();
}

function bars(): DemoProgress {
  const format = ' {what} {bar} {value} of {total} {unit}';
  const multi = new cliProgress.MultiBar({ format, hideCursor: true }, cliProgress.Presets.shades_classic);
  const written = multi.create(0, 0, { what: 'written   ', unit: 'records' });
  const replicated = multi.create(0, 0, { what: 'replicated', unit: 'events' });
  return {
    show: (state) => {
      written.setTotal(state.records);
      written.update(state.written);
      replicated.setTotal(Math.max(state.events, state.replicated));
      replicated.update(state.replicated);
    },
    say: (text) => multi.log(`${text}\n`),
    end: () => multi.stop(),
  };
}

function lines(): DemoProgress {
  const start = Date.now();
  let next = start + lineEveryMs;
  return {
    show: ({ written, records, replicated, events }) => {
      const now = Date.now();
      if (now < next) return;
      next = now + lineEveryMs;
      const seconds = String(Math.round((now - start) / 1000)).padStart(3);
      console.log(
        `${seconds} s  written ${written} of ${records} records, replicated ${replicated} of ${events} events`,
      );
    },
    say: (text) => console.log(text),
    end: () => undefined,
  };
}
