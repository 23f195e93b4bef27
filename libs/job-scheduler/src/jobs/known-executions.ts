import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { StoreHolder } from '../store/store-holder.js';
import { ExecutionFinder, type FoundExecution } from './execution-finder.js';
import { BullQueues } from '../queues/bull-queues.js';

/**
 * One who cancels takes a job out of its queue, and then records it: so long, in milliseconds, its record looks as if it was
 * left over.
 */
const SETTLES_WITHIN = 500;

/** Says whether an id is in use. */
@Injectable()
export class KnownExecutions {
  constructor(
    private readonly finder: ExecutionFinder,
    private readonly queues: BullQueues,
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
  ) {}

  /**
   * The execution that has this id. None where all that is left of one is a record by which it goes on, as its job was taken
   * out by BullMQ's own means: that record is dropped, and the id free again.
   */
  async find(id: string): Promise<FoundExecution | undefined> {
    let found = await this.finder.find(id);
    while (found && this.looksLeft(found)) {
      const { fence } = found.record;
      await this.clock.sleep(SETTLES_WITHIN);
      // It may have ended, or been retried, between the look at its queue and the one at its record.
      found = await this.finder.find(id);
      if (!found || !this.looksLeft(found) || found.record.fence !== fence) continue;
      if (await this.holder.require('enqueue a job').executions.forget(id, fence)) return undefined;
    }
    return found;
  }

  /** Its queue may be one that only other processes know. */
  private looksLeft(found: FoundExecution): found is FoundExecution & { record: object } {
    const { record, inQueue } = found;
    return inQueue === undefined && record !== undefined && !record.final && this.queues.names().includes(record.queue);
  }
}
