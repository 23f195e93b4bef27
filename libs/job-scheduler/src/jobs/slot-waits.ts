import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { OwnLogger } from '../common/own-logger.js';

/** The slots of this process. */
export interface SlotUse {
  readonly busy: number;
  readonly concurrency: number;
}

/** Between two warnings, in milliseconds. */
const WARN_EVERY = 600_000;

/**
 * Waits of this process for executions that have not started. Where jobs await jobs that they enqueue, all slots may come to
 * wait for what none of them can run: that is said at once, as nothing else would tell.
 */
@Injectable()
export class SlotWaits {
  private going = 0;
  private warnedAt = -Infinity;
  private slots: () => SlotUse | undefined = () => undefined;

  private readonly logger = new OwnLogger();

  constructor(private readonly clock: Clock) {}

  /** @param slots undefined: this process runs no jobs now. */
  watch(slots: () => SlotUse | undefined): void {
    this.slots = slots;
  }

  /** A wait for an execution that has not started. @returns to be called when it has, or nobody waits any more. */
  begin(): () => void {
    this.going++;
    this.look();
    let isOver = false;
    return () => {
      if (!isOver) this.going--;
      isOver = true;
    };
  }

  private look(): void {
    const slots = this.slots();
    if (!slots || slots.busy < slots.concurrency || this.going < slots.concurrency) return;
    const now = this.clock.now();
    if (now - this.warnedAt < WARN_EVERY) return;
    this.warnedAt = now;
    this.logger.warn(
      `All ${slots.concurrency} slots of this process are busy, and ${this.going} waits for executions that have not started go on in it. ` +
        'If these are jobs that await finished() of jobs which they enqueue, none of those can start here until one of them gives up. ' +
        'Let the last job enqueue what follows instead, or wait outside of jobs.',
    );
  }
}
