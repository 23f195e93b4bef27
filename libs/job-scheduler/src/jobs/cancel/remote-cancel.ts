import { Injectable, Inject } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock, type ClockTimer } from '../../common/clock.js';
import { JobCancelError } from '../../errors/outcome-errors.js';
import type { Notifier } from '../../store/ports/notifier.js';
import { StoreHolder } from '../../store/store-holder.js';
import { WORKER_ID } from '../../options/resolved-options.js';
import { readAnswer, readOrder, type CancelOrder } from './cancel-messages.js';

export type { CancelOrder } from './cancel-messages.js';

/** The runs of this process, as far as cancelling them goes. */
export interface LocalRuns {
  /** Fires the run's signal. `false` when it does not run here, or has its outcome already. */
  abort(id: string, reason: JobCancelError): boolean;
  /** Ends an aborted run now, although its handler goes on. No effect when it does not run here. */
  giveUp(id: string): void;
}

/** One order on its way to the process that runs the execution. */
export interface RemoteCancelRequest {
  /** Sends the order to every process. Again is harmless, and reaches who has begun to run it meanwhile. @throws StoreUnavailableError */
  send(): Promise<void>;
  /** Aborts when a process has fired the run's signal. */
  readonly acknowledged: AbortSignal;
  /** Waits for no answer any more. */
  end(): void;
}

const ORDERS = 'cancel';
/** For how long it is remembered that an order came, in milliseconds: as long as who sends it looks for the execution. */
const REMEMBERED = 2_000;

/** Cancels runs in whichever process they are: orders go to all, and the one that runs it answers. */
@Injectable()
export class RemoteCancel {
  private runs: LocalRuns | undefined;
  private stopServing: (() => Promise<void>) | undefined;
  private listening: Promise<() => Promise<void>> | undefined;
  private readonly asked = new Map<string, AbortController>();
  private readonly patience = new Set<ClockTimer>();
  /** Orders of a moment ago for what did not run here, until they are forgotten. */
  private readonly recentOrders = new Map<string, ClockTimer>();

  constructor(
    private readonly holder: StoreHolder,
    private readonly clock: Clock,
    @Inject(WORKER_ID) readonly workerId: string,
  ) {}

  /** From here on runs of this process can be cancelled. @throws StoreUnavailableError */
  async serve(runs: LocalRuns): Promise<void> {
    this.runs = runs;
    this.stopServing = await this.signals().subscribe(ORDERS, (message) => this.heard(message));
  }

  /** The other end of `serve`. Never rejects. */
  async stop(): Promise<void> {
    const { stopServing } = this;
    this.runs = undefined;
    this.stopServing = undefined;
    for (const timer of [...this.patience, ...this.recentOrders.values()]) timer.cancel();
    this.patience.clear();
    this.recentOrders.clear();
    await stopServing?.().catch(() => undefined);
  }

  /** Fires the signal of a run of this process. `false` when it does not run here. */
  abortHere({ id, reason, by, giveUpAfter }: CancelOrder): boolean {
    const { runs } = this;
    if (!runs?.abort(id, new JobCancelError(reason, by))) return false;
    if (giveUpAfter !== undefined) this.giveUpLater(runs, id, giveUpAfter);
    return true;
  }

  /** Whether an order came a moment ago for an execution that did not run here. */
  hasRecentOrder(id: string): boolean {
    return this.recentOrders.has(id);
  }

  /** Asks the process that runs an execution to abort it. Nothing is sent yet. */
  ask(order: CancelOrder): RemoteCancelRequest {
    const ask = randomUUID();
    const answer = new AbortController();
    this.asked.set(ask, answer);
    return {
      send: async () => {
        await this.listen();
        await this.signals().publish(ORDERS, JSON.stringify({ ...order, ask, from: this.workerId }));
      },
      acknowledged: answer.signal,
      end: () => void this.asked.delete(ask),
    };
  }

  private signals(): Notifier {
    return this.holder.require('cancel an execution').signals;
  }

  private giveUpLater(runs: LocalRuns, id: string, after: number): void {
    const timer = this.clock.after(
      after,
      () => {
        this.patience.delete(timer);
        runs.giveUp(id);
      },
      false,
    );
    this.patience.add(timer);
  }

  /** Answers come on a topic of this process's own, which it listens to from its first order on. */
  private listen(): Promise<unknown> {
    this.listening ??= this.signals().subscribe(answersTo(this.workerId), (message) => {
      const ask = readAnswer(message);
      if (ask !== undefined) this.asked.get(ask)?.abort();
    });
    this.listening.catch(() => (this.listening = undefined));
    return this.listening;
  }

  private remember(id: string): void {
    this.recentOrders.get(id)?.cancel();
    this.recentOrders.set(
      id,
      this.clock.after(REMEMBERED, () => this.recentOrders.delete(id), false),
    );
  }

  private heard(message: string): void {
    const order = readOrder(message);
    if (!order) return;
    if (!this.abortHere(order)) return this.remember(order.id);
    // An answer that is lost is asked for again.
    this.signals()
      .publish(answersTo(order.from), JSON.stringify({ ask: order.ask }))
      .catch(() => undefined);
  }
}

function answersTo(workerId: string): string {
  return `cancelled:${workerId}`;
}
