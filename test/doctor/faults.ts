import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';
import { jsonEvent } from '@eventstore/db-client';
import { fileURLToPath } from 'node:url';

import type { Check, Verdict } from '../../src/doctor/finding.js';
import { makeCertificates } from '../target/certificates.js';
import { azuriteConnectionString } from '../support/services/azurite.js';
import { embeddedServer } from '../support/services/embeddedServer.js';
import type { Ferry } from '../support/ferry.js';
import { numberedRecords, tapeOf } from '../support/stores/tapeWriter.js';
import { chunk, shifted, user, type World } from './world.js';

const elsewhere = makeCertificates('elsewhere.example');
const day = 24 * 60 * 60 * 1000;

/** A container signature with these permissions, by the emulator's own key. */
async function signature(ferry: Ferry, permissions: string): Promise<string> {
  const service = BlobServiceClient.fromConnectionString(azuriteConnectionString());
  return service.getContainerClient(ferry.container.containerName).generateSasUrl({
    permissions: ContainerSASPermissions.parse(permissions),
    expiresOn: new Date(Date.now() + 90 * day),
  });
}

type Row = readonly [
  fault: string,
  plant: (world: World) => void | Promise<void>,
  finding: readonly [Check, Verdict, says: RegExp, next: RegExp],
];

/** Faults, each with what the doctor must find of it. */
export const faults: readonly Row[] = [
  [
    'the container does not exist',
    ({ settings }) => void (settings['SOURCE_CONTAINER'] = 'no-such-container'),
    ['sourceReached', 'wrong', /no-such-container.* does not exist/, /Check that the container exists/],
  ],
  [
    'the storage cannot be reached',
    ({ settings }) =>
      void (settings['SOURCE_STORAGE'] = azuriteConnectionString().replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:1')),
    ['sourceReached', 'wrong', /cannot be reached: .*ECONNREFUSED/, /this identity may read it/],
  ],
  [
    'the signature does not allow to list',
    async ({ ferry, settings }) => void (settings['SOURCE_STORAGE'] = await signature(ferry, 'r')),
    ['sourceRights', 'wrong', /\(sp=r\) does not allow to list \(l\)/, /new signature with sp=rl/],
  ],
  [
    'the signature allows to write',
    async ({ ferry, settings }) => void (settings['SOURCE_STORAGE'] = await signature(ferry, 'rwl')),
    ['sourceRights', 'warning', /\(sp=rwl\) allows more than to read/, /new signature with sp=rl/],
  ],
  [
    'the signature has expired',
    async (world) => {
      world.settings['SOURCE_STORAGE'] = await signature(world.ferry, 'rl');
      world.clock = shifted(91 * day);
    },
    ['sourceRights', 'wrong', /The signature expired on 20/, /Make a new signature/],
  ],
  [
    'the container holds no chunk',
    async ({ ferry }) => {
      await ferry.container.getBlockBlobClient(chunk).delete();
      await ferry.write('readme.txt', Buffer.from('hello'));
    },
    ['sourceChunks', 'warning', /holds no chunk, but 1 names that are no chunks/, /Check SOURCE_CONTAINER/],
  ],
  [
    'the chunks hold something else than frames',
    ({ ferry }) => ferry.write(chunk, Buffer.alloc(1000, 7)),
    ['sourceChunks', 'warning', /1 chunks, and no frame/, /eventferry inspect/],
  ],
  [
    'the first frame is bad',
    ({ ferry }) => ferry.write(chunk, Buffer.concat([Buffer.alloc(50, 7), tapeOf(numberedRecords(1, 3))])),
    ['firstFrame', 'wrong', /At byte 0 of chunk .* there is a bad frame/, /Repair the chunk .*ON_DAMAGE/],
  ],
  [
    'the last frame is torn',
    ({ ferry }) => ferry.write(chunk, tapeOf(numberedRecords(1, 3)).subarray(0, -5)),
    ['lastFrame', 'warning', /there is an unfinished frame/, /Nothing to do while the writer is at work/],
  ],
  [
    'the checkpoint table cannot be reached',
    ({ settings }) =>
      void (settings['CHECKPOINT_STORAGE'] = azuriteConnectionString().replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:1')),
    ['checkpointRow', 'wrong', /checkpoint table .* cannot be reached/, /Check the checkpoint table/],
  ],
  [
    'a newer version wrote the checkpoint row',
    async ({ ferry, settings }) => {
      await ferry.run(settings);
      await ferry.changeEntity({ schema: 2 }, settings);
    },
    ['checkpointRow', 'wrong', /has schema 2; this version knows 1/, /A newer Eventferry wrote this/],
  ],
  [
    'the checkpoint row is damaged',
    async ({ ferry, settings }) => {
      await ferry.run(settings);
      await ferry.changeEntity({ mark: '{"half' }, settings);
    },
    ['checkpointRow', 'wrong', /checkpoint row .* is damaged/, /Delete the row/],
  ],
  [
    'nothing listens at the server’s address',
    ({ settings }) => void (settings['EVENTSTORE_CONNECTION_STRING'] = 'esdb://u:p@127.0.0.1:1?tls=true'),
    ['serverReached', 'wrong', /Nothing answers at 127\.0\.0\.1:1: ECONNREFUSED/, /Check the address/],
  ],
  [
    'the certificate to show to the server is none',
    ({ settings }) => {
      const file = fileURLToPath(import.meta.url);
      settings['EVENTSTORE_CONNECTION_STRING'] += `&userCertFile=${file}&userKeyFile=${file}`;
    },
    ['serverReached', 'wrong', /cannot be dialled: .*PEM/, /Correct EVENTSTORE_CONNECTION_STRING/],
  ],
  [
    'the authority of the certificate is not trusted',
    ({ settings }) => void delete settings['EVENTSTORE_TLS_CA'],
    ['certificate', 'wrong', /is not trusted/, /Set EVENTSTORE_TLS_CA/],
  ],
  [
    'the certificate is for another name',
    async ({ settings }) => {
      const other = await embeddedServer({ tls: elsewhere.tls });
      settings['EVENTSTORE_CONNECTION_STRING'] = other.connectionString;
      settings['EVENTSTORE_TLS_CA'] = elsewhere.ca;
    },
    [
      'certificate',
      'wrong',
      /is for other names \(DNS:elsewhere\.example\)/,
      /Connect by a name that the certificate carries/,
    ],
  ],
  [
    'the certificate expires soon',
    () => undefined,
    ['certificate', 'warning', /expires on 20/, /Renew it before then/],
  ],
  [
    'the certificate has expired',
    (world) => void (world.clock = shifted(3 * day)),
    ['certificate', 'wrong', /expired on 20/, /Renew it on the server/],
  ],
  [
    'the password is wrong',
    ({ settings }) =>
      void (settings['EVENTSTORE_CONNECTION_STRING'] = settings['EVENTSTORE_CONNECTION_STRING']?.replace(
        user.password,
        'open-barley',
      ) as string),
    ['login', 'wrong', /denied access: wrong user or password/, /Check the user and password/],
  ],
  [
    'the user may not write',
    ({ server }) => void (server.faults.denyWrites = true),
    ['write', 'wrong', /denied access/, /Check the user and password/],
  ],
  [
    'the server is not ready',
    ({ server }) => void (server.faults.refuse = true),
    ['leader', 'wrong', /Not Ready|unreachable|refused/, /server/],
  ],
  [
    'someone else wrote to the stream',
    async ({ ferry, settings }) => {
      const client = ferry.client(settings);
      await client.appendToStream(settings['TARGET_STREAM'] ?? '', jsonEvent({ type: 'Foreign', data: {} }));
    },
    ['tail', 'wrong', /was not written by Eventferry/, /eventferry accept --revision N/],
  ],
  [
    'the stream was replicated under other settings',
    async ({ ferry, settings }) => {
      await ferry.run(settings);
      settings['BODY_MODE'] = 'raw';
    },
    ['tail', 'wrong', /written under other settings: BODY_MODE changed/, /accept settings/],
  ],
  [
    'the clocks are apart',
    (world) => void (world.clock = shifted(-60 * 60 * 1000)),
    ['clocks', 'warning', /clock is 3[56]\d\d s behind that of the source/, /same time server/],
  ],
  [
    'the stream’s name makes a category that is not meant',
    ({ settings }) => void (settings['TARGET_STREAM'] = 'billing-tapes'),
    ['streamName', 'warning', /category billing \(\$ce-billing\)/, /without a hyphen/],
  ],
  [
    'a run ends long before the next begins',
    ({ settings }) => void (settings['REPLICATION_SCHEDULE'] = '0 */4 * * * *'),
    ['agreement', 'warning', /every 240 s .* the source is not polled for 180 s/, /Set RUN_SECONDS to 240/],
  ],
  [
    'the timer fires more often than a run can be short',
    ({ settings }) => void (settings['REPLICATION_SCHEDULE'] = '*/2 * * * * *'),
    ['agreement', 'warning', /every 2 s .* ticks are missed/, /fire every 5 s at most/],
  ],
];
