import type { Environment } from '../../src/config/config.js';

/** As little as works. */
export const minimal: Environment = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  SOURCE_CONTAINER: 'tapes',
  EVENTSTORE_CONNECTION_STRING: 'esdb://127.0.0.1:2113?tls=false',
};
