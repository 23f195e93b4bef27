import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { toReason } from '../../common/storable-text.js';
import { type RemoteCancelRequest, type CancelOrder, RemoteCancel } from './remote-cancel.js';
import { StoreHolder } from '../../store/store-holder.js';
import { CallLine } from '../call-line.js';
import { ExecutionFinder, type FoundExecution } from '../execution-finder.js';
import { WaitingJobRemover } from './waiting-job-remover.js';

/** How long a process that runs the execution may take to answer, in milliseconds. */
const PATIENCE = 2_000;

/** Looks in milliseconds, before the order is sent again: by then it may have begun to run, or wait for its next attempt. */
const LOOKS = [100, 200, 400] as const;
const LAST_LOOK = 650;

/** Cancels an execution wherever it is: in its queue, between two attempts, or running in any process. */
@Injectable()
export class Canceller {
  private readonly line = new CallLine();

  constructor(
    private readonly finder: ExecutionFinder,
    private readonly waitingJobs: WaitingJobRemover,
    private readonly remoteCancel: RemoteCancel,
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
  ) {}

  /**
   * Cancels an execution that waits, is delayed, is between two attempts, or runs in any process: there its signal fires.
   * @param reason stands in its record, and is its signal's reason.
   * @param options.giveUpAfter milliseconds after which a handler that ignores its signal is abandoned: its attempt ends
   * and its slot is free, while the handler may go on. Default: at its deadline.
   * @returns `true` when it was taken out of its queue, or the process that runs it has fired its signal: it may take a
   * while to end. `false` when it is not known, has ended, or nobody answers for it within two seconds.
   * @throws StoreUnavailableError
   */
  async cancel(id: string, reason: string, options: { giveUpAfter?: number } = {}): Promise<boolean> {
    const order: CancelOrder = {
      id,
      reason: toReason(reason),
      by: this.remoteCancel.workerId,
      ...options,
    };
    if (this.remoteCancel.abortHere(order)) return true;
    await this.holder.ready();
    const asking = this.remoteCancel.ask(order);
    try {
      const store = this.holder.require('cancel an execution');
      return await this.line.run(store, () => this.pursue(order, asking));
    } finally {
      asking.end();
    }
  }

  /** It moves meanwhile: what was waiting runs, what ran waits for its next attempt. So it is looked for until it is caught. */
  private async pursue(order: CancelOrder, asking: RemoteCancelRequest): Promise<boolean> {
    const until = this.clock.now() + PATIENCE;
    for (let looks = 0; ; looks++) {
      const found = await this.find(order.id);
      if (!found) return false;
      const state = await found.inQueue.getState();
      if (state === 'failed' || state === 'completed') return false;
      const left = until - this.clock.now();
      // One that counts as running although nobody answers for it has lost its worker. It can be taken out once its lock has run out.
      if ((state !== 'active' || left <= 0) && (await this.waitingJobs.remove(found, order))) return true;
      if (left <= 0) return asking.acknowledged.aborted;
      await asking.send();
      await this.clock.sleep(Math.min(left, LOOKS[looks] ?? LAST_LOOK), asking.acknowledged);
      if (asking.acknowledged.aborted) return true;
    }
  }

  /** Undefined when it has ended, or is not known. */
  private async find(id: string): Promise<(FoundExecution & { inQueue: object }) | undefined> {
    const found = await this.finder.find(id);
    const { inQueue } = found ?? {};
    return found && inQueue && !found.record?.final ? { ...found, inQueue } : undefined;
  }
}
