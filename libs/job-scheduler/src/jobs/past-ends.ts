import type { PastEnd } from '../store/ports/past-end.js';
import { encodeJobId } from '../store/names.js';
import type { StoreHolder } from '../store/store-holder.js';
import { guardStore } from '../store/store-guard.js';

type Ends = ReadonlyMap<string, PastEnd>;

/** Ids that wait for the next read of a queue's events. */
interface NextRead {
  readonly jobIds: Set<string>;
  readonly ends: Promise<Ends>;
}

/**
 * How executions ended of which neither a job nor a record is left: BullMQ keeps a queue's newest events, whatever history
 * keeps. One read at a time for each queue; all who ask meanwhile share the next one.
 */
export class PastEnds {
  private readonly reading = new Map<string, Promise<unknown>>();
  private readonly next = new Map<string, NextRead>();

  constructor(private readonly holder: StoreHolder) {}

  async find(queue: string, id: string): Promise<PastEnd | undefined> {
    const jobId = encodeJobId(id, queue);
    let next = this.next.get(queue);
    if (!next) this.next.set(queue, (next = this.plan(queue)));
    next.jobIds.add(jobId);
    return (await next.ends).get(jobId);
  }

  private plan(queue: string): NextRead {
    const jobIds = new Set<string>();
    const earlier = this.reading.get(queue);
    const read = async () => {
      await earlier?.catch(() => undefined);
      // Others who ask in this turn come along.
      await Promise.resolve();
      this.next.delete(queue);
      this.reading.set(queue, ends);
      const store = this.holder.require('wait for an execution');
      return guardStore(store, () => store.queues.pastEnds(queue, [...jobIds]));
    };
    const ends: Promise<Ends> = read();
    const forget = () => {
      if (this.reading.get(queue) === ends) this.reading.delete(queue);
    };
    ends.then(forget, forget);
    return { jobIds, ends };
  }
}
