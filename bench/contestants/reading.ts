import type { ContainerClient } from '@azure/storage-blob';
import { systemClock } from '../../src/core/clock.js';
import type { Config } from '../../src/config/config.js';
import { beginning } from '../../src/core/cursor.js';
import { lokadTapes } from '../../src/source/lokadTapes.js';
import { connectContainer } from '../../src/storage/container.js';
import { silentLogger } from '../../src/core/logger.js';
import { measure, type Measured } from '../measure.js';

/** Measures the source alone: it reads, verifies and decodes every record of a container. */
export function reading(config: Config): Promise<Measured> {
  return readAll(config, connectContainer(config.source.storage, config.source.container));
}

/** Does the same with a container client of any kind, such as one in memory. */
export function readAll(config: Config, container: ContainerClient): Promise<Measured> {
  const source = lokadTapes({ ...config.source, container, clock: systemClock, logger: silentLogger });
  return measure(async () => {
    let records = 0;
    for await (const batch of source.read(beginning, new AbortController().signal)) {
      for (const { payload } of batch.records) if (payload.kind === 'batch') records++;
    }
    return records;
  });
}
