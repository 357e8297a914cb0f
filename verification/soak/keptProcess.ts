import type { Ending, Program } from '../../dev/program.js';

/** How a process was told to end; any other ending was not asked for. */
type Asked = 'kill' | 'stop';

/** A process that is started again and again, and must end only when it is told to. */
export class KeptProcess {
  private running: { readonly program: Program; asked?: Asked } | undefined;
  private isWanted = false;
  private isOver = false;

  /** @param onEnded called when it ends without having been told to */
  constructor(
    readonly name: string,
    private readonly begin: () => Program,
    private readonly onEnded: (name: string, ending: Ending) => void,
  ) {}

  /** Starts it, unless everything has ended. */
  start(): void {
    if (this.isOver || this.running) return;
    this.isWanted = true;
    const running: { readonly program: Program; asked?: Asked } = { program: this.begin() };
    this.running = running;
    void running.program.ended.then((ending) => {
      if (this.running === running) this.running = undefined;
      if (running.asked === undefined) this.onEnded(this.name, ending);
    });
  }

  /** Starts it again, unless it was killed or stopped meanwhile. */
  startAgain(): void {
    if (this.isWanted) this.start();
  }

  /** Sends SIGKILL at once, whatever it is doing. Resolves when it is gone. */
  async kill(): Promise<void> {
    const { running } = this;
    this.isWanted = false;
    if (!running) return;
    running.asked = 'kill';
    running.program.kill('SIGKILL');
    await running.program.ended;
  }

  freeze(): void {
    this.running?.program.kill('SIGSTOP');
  }

  thaw(): void {
    this.running?.program.kill('SIGCONT');
  }

  /** Asks it to end, as Ctrl-C does. One that just started may die of SIGINT. @throws Error when it ends otherwise */
  async stop(): Promise<void> {
    const { running } = this;
    this.isWanted = false;
    if (!running) return;
    running.asked = 'stop';
    const ending = await running.program.stop();
    if (ending !== 0 && ending !== 'SIGINT') throw new Error(`${this.name}, asked to stop, ended with ${ending}`);
  }

  /** Ends it now and for good, without waiting. */
  end(): void {
    this.isOver = true;
    if (!this.running) return;
    this.running.asked = 'kill';
    this.running.program.kill('SIGKILL');
  }
}
