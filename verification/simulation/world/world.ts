import type { StopKind } from '../../../src/core/failure.js';
import { BlobService } from './blobService.js';
import { Counter } from '../counts.js';
import { EventStoreNode } from './eventStoreNode.js';
import { Faults } from '../schedule/faults.js';
import { stopsOf } from '../judge/deedStops.js';
import { Ledger } from '../judge/ledger.js';
import { Network, type Steps } from './network.js';
import type { Services } from './parts.js';
import { randomRecord } from './randomRecord.js';
import { Random } from '../schedule/random.js';
import type { Deed, Schedule } from '../schedule/schedule.js';
import { settings, type Settings } from '../schedule/settings.js';
import { SimulatedTime } from './simulatedTime.js';
import { TableService } from './tableService.js';
import type { WrittenRecord } from './tapeFrames.js';
import { growOlderChunk, TapeWriter, truncateAsReadersDid, type WriterWorld } from './tapeWriter.js';

export const stream = 'tapes';

/** Everything outside the simulated processes: the services, the writers, and the ledger that checks them. */
export class World {
  readonly time = new SimulatedTime();
  readonly random: Random;
  readonly faults: Faults;
  readonly network: Network;
  readonly services: Services;
  readonly ledger: Ledger;
  readonly deeds = new Counter();
  /** The stops that the deeds done so far may lead to. */
  readonly stops = new Set<StopKind>();
  rowWasDeleted = false;
  /** Whether all actions have begun: the world only waits for those that take long. */
  isWaiting = false;
  /** The settings with which processes start now; those that run keep theirs. */
  settings: Settings = settings.first;
  settingsChanged = false;
  /** Deeds that are not done yet. */
  private readonly busy = new Set<Promise<unknown>>();
  private writing: Promise<void> = Promise.resolve();
  private readonly writer: TapeWriter;
  private readonly writers: TapeWriter[] = [];
  private readonly writerWorld: WriterWorld;
  private readonly variant;
  private serial = 0;
  private readonly startedAt = this.time.now;

  constructor(
    readonly schedule: Schedule,
    steps: Steps,
    private readonly tracer?: (line: string) => void,
  ) {
    this.random = new Random(`world ${schedule.seed}`);
    this.faults = new Faults(schedule.rates, this.random.fork('faults'));
    this.network = new Network(this.time, this.faults, steps, (line) => this.tracer && this.trace(line()));
    this.ledger = new Ledger(stream);
    const node = new EventStoreNode(this.network, {
      stream,
      maxAppendBytes: schedule.serverAppendBytes,
      watch: (first, events) => {
        this.trace(`committed ${first} to ${first + events.count - 1}`);
        this.ledger.commit(node, first, events);
      },
    });
    const table = new TableService(this.network, (entity, process) => {
      this.trace(
        `row of ${process?.name}: ${String(entity['chunk'])} ${String(entity['offset'])}, ${String(entity['memory'])}`,
      );
      this.ledger.row(entity);
    });
    const blobs = new BlobService(this.network, schedule.pageNames);
    this.services = { blobs, table, node };
    this.variant = schedule.firstVariant;
    this.writerWorld = {
      time: this.time,
      blobs,
      reserved: new Set(),
      random: this.random.fork('writer'),
      chunkBytes: schedule.chunkBytes,
      naming: schedule.naming,
      basePrefix: schedule.basePrefix,
      written: (chunk, offset, record, frame) => {
        this.trace(`frame ${record.serial} at ${chunk}@${offset}`);
        this.ledger.wrote(chunk, offset, record, frame.subarray(frame.length - 20).toString('hex'));
      },
    };
    this.writer = new TapeWriter(this.writerWorld, this.variant, 0);
    this.writers.push(this.writer);
  }

  /** Prints a line for a person who studies one schedule. */
  trace(line: string): void {
    this.tracer?.(`${((this.time.now - this.startedAt) / 1000).toFixed(3).padStart(9)} ${line}`);
  }

  /** Begins a deed now; a deed that takes time goes on in the background. */
  do(deed: Deed): void {
    for (const kind of stopsOf(deed, this.schedule)) this.stops.add(kind);
    this.keep(this.carryOut(deed));
  }

  /** Writes the records that are there before anything else happens. */
  async backlog(count: number): Promise<void> {
    for (let written = 0; written < count; written++) await this.writer.append(this.record());
  }

  /** Empties the container, and lets its chunks arrive one by one, as if copied from another container. */
  copyBacklog(): void {
    const { blobs } = this.services;
    const chunks = [...blobs.blobs.values()].map(({ name, bytes }) => ({ name, bytes }));
    blobs.clear();
    for (const { name } of chunks) this.writerWorld.reserved.add(name);
    const random = this.random.fork('copy');
    const copying = async (): Promise<void> => {
      for (const { name, bytes } of chunks) {
        await this.time.sleep(random.skewed(1, 4_000));
        const blob = blobs.put(name, bytes.length, 'pending');
        await this.time.sleep(random.skewed(1, 8_000));
        blobs.copied(blob, bytes);
      }
    };
    this.writing = this.writing.then(copying);
    this.keep(this.writing);
  }

  /** Resolves when all deeds that were begun are done. */
  async settled(): Promise<void> {
    while (this.busy.size > 0) await Promise.all(this.busy);
  }

  get isBusy(): boolean {
    return this.busy.size > 0;
  }

  private keep(work: Promise<unknown>): void {
    const kept: Promise<void> = work.then(
      () => void this.busy.delete(kept),
      (error: Error) => {
        this.busy.delete(kept);
        this.ledger.violated(`the world itself failed: ${error.stack}`);
      },
    );
    this.busy.add(kept);
  }

  private async carryOut(deed: Deed): Promise<void> {
    const { time, services, writer } = this;
    const { table, node } = services;
    switch (deed.kind) {
      case 'write':
        return this.write(async () => {
          for (let left = deed.count; left > 0; left--) {
            await writer.append(this.record());
            await time.sleep(deed.everyMs);
          }
        });
      case 'restartWriter':
        return this.write(() => Promise.resolve(writer.restart()));
      case 'overwrite':
        return this.write(() =>
          writer.overwriteInSameSecond(this.record(), this.record(), deed.inFlight ? this.record() : undefined),
        );
      case 'phantom':
        return this.write(() => writer.phantom(this.record(), deed.lateMs));
      case 'tear':
        return this.write(() => writer.tear(this.record(), deed.restAfterMs));
      case 'damage':
        return this.write(() => writer.damaged(this.record(), this.record()));
      case 'disorder':
        return this.write(() => Promise.resolve(writer.restart(Math.max(0, writer.known - deed.fewer))));
      case 'secondWriter': {
        const second = new TapeWriter(this.writerWorld, this.variant);
        this.writers.push(second);
        for (let left = deed.count; left > 0; left--) {
          await second.append(this.record());
          await time.sleep(deed.everyMs);
        }
        return;
      }
      case 'truncatingReader':
        return truncateAsReadersDid(this.writerWorld, this.variant, deed.afterMs);
      case 'growOlder':
        for (let left = deed.times; left > 0; left--) {
          await growOlderChunk(this.writerWorld, this.variant, this.record(), deed.back, this.writers);
          await time.sleep(deed.everyMs);
        }
        return;
      case 'outage':
        this.faults.down.set(deed.service, deed.how);
        if (deed.service === 'target') node.breakConnections();
        await time.sleep(deed.ms);
        this.faults.down.delete(deed.service);
        return;
      case 'breakConnections':
        return node.breakConnections();
      case 'restoreTarget': {
        const last = node.store.streams.find(stream)?.committed ?? -1;
        if (last > 0) await this.restore(Math.max(0, last - deed.back));
        return;
      }
      case 'loseTarget':
        return this.restore(-1);
      case 'replaceServer':
        return node.replace();
      case 'softDelete':
        node.store.softDelete(stream, -2, () => undefined);
        return;
      case 'tombstone':
        node.store.tombstone(stream, -2, () => undefined);
        return;
      case 'foreignEvent':
        return node.appendForeign(++this.serial);
      case 'deleteRow':
        this.rowWasDeleted = true;
        return table.delete();
      case 'restoreRow':
        return table.restore(table.history.length - 1 - deed.back);
      case 'changeSettings':
        this.settings = settings[deed.to];
        this.settingsChanged = true;
        return;
      case 'kill':
      case 'freeze':
      case 'clockJump':
      case 'acceptSettings':
        return; // `simulate` does these deeds to its runners
    }
  }

  /** The main writer does one deed after the other. */
  private write(work: () => Promise<void>): Promise<void> {
    this.writing = this.writing.then(work);
    return this.writing;
  }

  private async restore(revision: number): Promise<void> {
    this.services.node.breakConnections();
    await this.services.node.store.truncate(stream, revision);
  }

  private record(): WrittenRecord {
    return randomRecord(++this.serial, this.writerWorld.random, this.schedule.largeBodyBytes);
  }
}
