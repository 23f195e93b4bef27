import { setTimeout as pause } from 'node:timers/promises';
import { QueueEvents, type BackendFactory, type IQueueBackend, type StreamReadRaw } from 'bullmq';
import { OwnLogger } from '../common/own-logger.js';
import { inspectShort } from '../common/inspect-short.js';

/** Between an error and the next try, in milliseconds. */
const RETRY_DELAY = 1_000;
/** For a connection to end: one that waits for its next attempt never says that it has, in milliseconds. */
const CLOSE_PATIENCE = 1_000;

type Entry = NonNullable<StreamReadRaw>[number][1][number];

/**
 * BullMQ's events of one queue, as far as somebody listens to them here. BullMQ's own reader stops for good at an event that
 * it cannot parse; after an error it would wait for five seconds, and keep up a process that ends.
 */
export class EventStream extends QueueEvents<unknown, IQueueBackend, unknown> {
  private readonly closer = new AbortController();
  private readonly logger = new OwnLogger();
  private isReady = false;
  private hasWarned = false;

  constructor(
    name: string,
    options: { connection: unknown; prefix?: string },
    backend: BackendFactory<IQueueBackend, unknown>,
  ) {
    super(name, { ...options, autorun: false }, backend);
    // Errors pass: the next try follows.
    this.on('error', () => undefined);
    void this.waitUntilReady().catch(() => undefined);
    void this.keepRunning();
  }

  override async waitUntilReady(): Promise<void> {
    await super.waitUntilReady();
    this.isReady = true;
  }

  override close(): Promise<void> {
    this.closer.abort();
    if (this.isReady) return inPatience(super.close());
    // BullMQ would wait for the first connection before it ends it: while the store is away, for ever.
    void this.backend.disconnect().catch(() => undefined);
    return (this.closing ??= inPatience(this.backend.close()));
  }

  /** BullMQ reads events through it, and calls it for nothing else. */
  protected override async checkConnectionError<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const read = await work();
      return this.readable(read as StreamReadRaw) as T;
    } catch {
      await this.pause();
      return undefined;
    }
  }

  private async keepRunning(): Promise<void> {
    while (!this.closer.signal.aborted) {
      try {
        await this.run();
      } catch {
        await this.pause();
      }
    }
  }

  private readable(read: StreamReadRaw): StreamReadRaw {
    return read && read.map(([key, entries]) => [key, entries.map((entry) => this.toReadable(entry))]);
  }

  /** An event without a listener, or one that cannot be read, stays as a place in the stream: BullMQ goes on from the last one. */
  private toReadable(entry: Entry): Entry {
    const [id, fields] = entry;
    const event = fieldOf(fields, 'event');
    if (event === undefined || event === 'error' || this.listenerCount(event) === 0) return [id, []];
    if (fieldOf(fields, 'jobId') !== undefined && isReadable(event, fields)) return entry;
    if (!this.hasWarned)
      this.logger.warn(
        `An event of queue "${this.name}" cannot be read and is passed over: ${inspectShort(event)}, with the id ${inspectShort(id)}. ` +
          'Something else than this version writes into the same queue. Of further ones nothing is said.',
      );
    this.hasWarned = true;
    return [id, []];
  }

  private async pause(): Promise<void> {
    await pause(RETRY_DELAY, undefined, { signal: this.closer.signal }).catch(() => undefined);
  }
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
  return undefined;
}

/** Whether BullMQ can parse it, and it says what its listeners read. */
function isReadable(event: string, fields: readonly string[]): boolean {
  if (event === 'failed') return fieldOf(fields, 'failedReason') !== undefined;
  const json = event === 'completed' ? 'returnvalue' : event === 'progress' ? 'data' : undefined;
  if (json === undefined) return true;
  try {
    JSON.parse(fieldOf(fields, json)!);
    return true;
  } catch {
    return false;
  }
}

async function inPatience(closing: Promise<void>): Promise<void> {
  const enough = new AbortController();
  const late = pause(CLOSE_PATIENCE, undefined, { signal: enough.signal }).catch(() => undefined);
  await Promise.race([closing, late]).finally(() => enough.abort());
}
