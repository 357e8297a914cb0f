// Lets only the replicator's user and administrators write the target stream; everybody may still read it. A stream
// without an event is left alone: metadata before the first event would look like a stream that was deleted.
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [app] = process.argv.slice(2);
const library = await import(pathToFileURL(join(app, 'dist/vendor/db-client.js')).href);
const { EventStoreDBClient, StreamNotFoundError } = library.default;

const { SOURCE_CONTAINER, SOURCE_ID, TARGET_STREAM, EVENTSTORE_CONNECTION_STRING, EVENTSTORE_TLS_CA } = process.env;
const stream = TARGET_STREAM || SOURCE_ID || SOURCE_CONTAINER;
const { host, username, password } = new URL(EVENTSTORE_CONNECTION_STRING.replace(/^\w+/, 'https'));
const client = new EventStoreDBClient(
  { endpoint: host },
  { rootCertificate: Buffer.from(EVENTSTORE_TLS_CA) },
  { username: decodeURIComponent(username), password: decodeURIComponent(password) },
);

const acl = {
  writeRoles: ['eventferry', '$admins'],
  deleteRoles: ['$admins'],
  metaWriteRoles: ['$admins'],
  readRoles: ['$all'],
  metaReadRoles: ['$all'],
};

/** Whether the stream has an event that can be read. */
async function hasEvent() {
  try {
    for await (const event of client.readStream(stream, { direction: 'backwards', fromRevision: 'end', maxCount: 1 }))
      if (event) return true;
    return false;
  } catch (error) {
    if (error instanceof StreamNotFoundError) return false;
    throw error;
  }
}

try {
  if (!(await hasEvent())) {
    console.log(`protect-stream: ${stream} has no event yet.`);
  } else {
    const { metadata } = await client.getStreamMetadata(stream);
    if (JSON.stringify(metadata?.acl) === JSON.stringify(acl)) {
      console.log(`protect-stream: ${stream} is protected.`);
    } else {
      await client.setStreamMetadata(stream, { ...metadata, acl });
      console.log(`protect-stream: only eventferry and administrators may write ${stream} from now on.`);
    }
  }
  // The library's own dispose may never settle.
  process.exit(0);
} catch (error) {
  console.error(`protect-stream: ${error.message}`);
  process.exit(1);
}
