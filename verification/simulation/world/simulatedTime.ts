interface Happening {
  readonly at: number;
  readonly order: number;
  fire: (() => void) | undefined;
}

/** Code still waits, but nothing will ever happen again. */
export class Deadlock extends Error {
  override readonly name = 'Deadlock';
}

/**
 * The time of a simulated world. Things happen one after the other, each at its moment. Between two of them the code
 * under test does everything that it can do without waiting. Real time plays no part, so a schedule runs the same way
 * each time.
 */
export class SimulatedTime {
  now = Date.parse('2013-10-15T09:30:00Z');
  /** How many things have happened. */
  happened = 0;
  private readonly heap: Happening[] = [];
  private order = 0;

  /** @returns a function that cancels it */
  after(ms: number, fire: () => void): () => void {
    const happening: Happening = { at: this.now + Math.max(0, ms), order: this.order++, fire };
    this.push(happening);
    return () => (happening.fire = undefined);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets time pass until the condition holds. @throws Deadlock when nothing can happen any more */
  async until(over: () => boolean, limitMs: number): Promise<void> {
    const limit = this.now + limitMs;
    await nothingToDo();
    while (!over()) {
      const next = this.pop();
      if (!next) throw new Deadlock('nothing can happen any more');
      if (next.at > limit) throw new Deadlock(`it is not over after ${limitMs} ms`);
      this.now = Math.max(this.now, next.at);
      this.happened++;
      next.fire?.();
      await nothingToDo();
    }
  }

  private push(happening: Happening): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(happening);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (!above || !isBefore(happening, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = happening;
  }

  private pop(): Happening | undefined {
    for (;;) {
      const first = this.popAny();
      if (!first || first.fire) return first;
    }
  }

  private popAny(): Happening | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (!left) break;
      if (right && isBefore(right, left)) child++;
      const smaller = heap[child];
      if (!smaller || !isBefore(smaller, last)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}

/**
 * Resolves once all code waits for something. Code that has much to do yields to the event loop now and then; this does
 * not count as waiting, and takes no simulated time.
 */
async function nothingToDo(): Promise<void> {
  do await turn();
  while (process.getActiveResourcesInfo().includes('Immediate'));
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
