import { environment, loadConfig, type Config, type Environment } from '../../config/config.js';
import type { Replicator } from '../../replicator.js';

/** The replicator of one function in this worker. Its clients live as long as the worker, or until the settings change. */
export class WorkerReplicator {
  private held: { readonly settings: string; readonly replicator: Replicator } | undefined;

  constructor(
    private readonly create: (config: Config) => Replicator,
    private readonly env: () => Environment = environment,
  ) {}

  /**
   * The settings as they are now, and the replicator that they make.
   *
   * @throws Failure `SettingsInvalid`
   */
  async take(): Promise<{ readonly config: Config; readonly replicator: Replicator }> {
    const { config } = loadConfig(this.env());
    const settings = JSON.stringify(config);
    if (this.held?.settings === settings) return { config, replicator: this.held.replicator };
    const replicator = this.create(config);
    const outdated = this.held?.replicator;
    this.held = { settings, replicator };
    await outdated?.close();
    return { config, replicator };
  }

  /** Ends every connection; what is in flight is given up. The next {@link take} builds anew. Never throws. */
  async close(): Promise<void> {
    const { replicator } = this.held ?? {};
    this.held = undefined;
    await replicator?.close();
  }
}
