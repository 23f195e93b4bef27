import { StreamsFullError } from '../../errors/request-errors.js';
import type { ServerEvents } from './server-events.js';

/** How many streams may be open. */
export interface StreamBounds {
  readonly perProcess: number;
  readonly perCaller: number;
}

/** The streams that are open in this process, by who reads them. */
export class OpenStreams {
  private readonly open = new Map<ServerEvents, string>();
  private readonly perCaller = new Map<string, number>();

  constructor(private readonly bounds: StreamBounds) {}

  get count(): number {
    return this.open.size;
  }

  /** @throws StreamsFullError */
  checkRoom(caller: string): void {
    const { perProcess, perCaller } = this.bounds;
    if ((this.perCaller.get(caller) ?? 0) >= perCaller) throw new StreamsFullError('caller', perCaller);
    if (this.open.size >= perProcess) throw new StreamsFullError('process', perProcess);
  }

  /** It counts until it ends. @throws StreamsFullError */
  add(stream: ServerEvents, caller: string): void {
    if (stream.ended.aborted) return;
    this.checkRoom(caller);
    this.open.set(stream, caller);
    this.perCaller.set(caller, (this.perCaller.get(caller) ?? 0) + 1);
    stream.ended.addEventListener('abort', () => this.remove(stream, caller), { once: true });
  }

  closeAll(): void {
    for (const stream of this.open.keys()) stream.close();
  }

  private remove(stream: ServerEvents, caller: string): void {
    this.open.delete(stream);
    const left = this.perCaller.get(caller)! - 1;
    if (left > 0) this.perCaller.set(caller, left);
    else this.perCaller.delete(caller);
  }
}
