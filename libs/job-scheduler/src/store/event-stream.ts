import { setTimeout as pause } from 'node:timers/promises';
import { QueueEvents, type BackendFactory, type IQueueBackend } from 'bullmq';

/** Between an error and the next try, in milliseconds. */
const RETRY_DELAY = 1_000;

/** BullMQ's events of one queue. After an error BullMQ's own would wait for five seconds, and keep up a process that ends. */
export class EventStream extends QueueEvents<unknown, IQueueBackend, unknown> {
  private readonly closer = new AbortController();

  constructor(
    name: string,
    options: { connection: unknown; prefix?: string },
    backend: BackendFactory<IQueueBackend, unknown>,
  ) {
    super(name, options, backend);
    // Errors pass: the next try follows.
    this.on('error', () => undefined);
  }

  override close(): Promise<void> {
    this.closer?.abort();
    return super.close();
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
