import { setTimeout as pause } from 'node:timers/promises';
import { QueueEvents, type BackendFactory, type IQueueBackend } from 'bullmq';

/** Between an error and the next try, in milliseconds. */
const RETRY_DELAY = 1_000;
/** For a connection to end: one that waits for its next attempt never says that it has, in milliseconds. */
const CLOSE_PATIENCE = 1_000;

/** BullMQ's events of one queue. After an error BullMQ's own would wait for five seconds, and keep up a process that ends. */
export class EventStream extends QueueEvents<unknown, IQueueBackend, unknown> {
  private readonly closer = new AbortController();
  private isReady = false;

  constructor(
    name: string,
    options: { connection: unknown; prefix?: string },
    backend: BackendFactory<IQueueBackend, unknown>,
  ) {
    super(name, options, backend);
    // Errors pass: the next try follows.
    this.on('error', () => undefined);
    void this.waitUntilReady().catch(() => undefined);
  }

  override async waitUntilReady(): Promise<void> {
    await super.waitUntilReady();
    this.isReady = true;
  }

  override close(): Promise<void> {
    this.closer?.abort();
    if (this.isReady) return inPatience(super.close());
    // BullMQ would wait for the first connection before it ends it: while the store is away, for ever.
    void this.backend.disconnect().catch(() => undefined);
    return (this.closing ??= inPatience(this.backend.close()));
  }

  protected override async checkConnectionError<T>(
    work: () => Promise<T>,
    delay = RETRY_DELAY,
  ): Promise<T | undefined> {
    try {
      return await work();
    } catch {
      await pause(delay, undefined, { signal: this.closer?.signal }).catch(() => undefined);
      return undefined;
    }
  }
}

async function inPatience(closing: Promise<void>): Promise<void> {
  const enough = new AbortController();
  const late = pause(CLOSE_PATIENCE, undefined, { signal: enough.signal }).catch(() => undefined);
  await Promise.race([closing, late]).finally(() => enough.abort());
}
