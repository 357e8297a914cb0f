import { ContainerClient, type StoragePipelineOptions } from '@azure/storage-blob';

import { Failure } from '../core/failure.js';
import { azureCredential, serviceUrl, type StorageConnection } from './connection.js';

/** Retries within a run's time budget: the SDK's defaults wait up to two minutes between tries, and for ever in one. */
const pipelineOptions: StoragePipelineOptions = {
  retryOptions: { maxTries: 4, tryTimeoutInMs: 30_000, retryDelayInMs: 500, maxRetryDelayInMs: 8_000 },
};

/** A client for the container; contacts nothing. @throws Failure `SettingsInvalid` for a connection without account */
export function connectContainer(connection: StorageConnection, container: string): ContainerClient {
  switch (connection.kind) {
    case 'connectionString':
      return new ContainerClient(connection.value, container, pipelineOptions);
    case 'url':
      return new ContainerClient(containerUrl(connection.url, container), undefined, pipelineOptions);
    case 'identity': {
      const url = serviceUrl(connection, 'blob');
      if (url === undefined) throw new Failure('SettingsInvalid', 'The source connection names no account.');
      return new ContainerClient(containerUrl(url, container), azureCredential(connection), pipelineOptions);
    }
  }
}

/** The container's URL, with the service URL's shared access signature. */
function containerUrl(service: string, container: string): string {
  const url = new URL(service);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${container}`;
  return url.href;
}
