import type { ContainerClient } from '@azure/storage-blob';
import { systemClock } from '../../src/clock.js';
import type { Config } from '../../src/config.js';
import { beginning } from '../../src/record.js';
import { lokadTapes } from '../../src/source/lokadTapes.js';
import { connectContainer } from '../../src/source/sourceStorage.js';
import { silentLogger } from '../../src/telemetry/logger.js';
import { measure, type Measured } from '../measure.js';

/** The source alone: every record of a container, verified and taken apart. */
export function reading(config: Config): Promise<Measured> {
  return readAll(config, connectContainer(config.source.storage, config.source.container));
}

/** The same from a container of any kind. */
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
