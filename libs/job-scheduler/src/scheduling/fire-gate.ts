import type { Logger } from '@nestjs/common';
import { describeThrown } from '../definition/describe-error.js';
import type { Outcome } from '../execution/outcome.js';
import type { JobRunner, RunningJob } from '../execution/running-job.js';
import { decodeSchedulerId } from '../store/names.js';
import type { StartedJob } from '../store/started-job.js';
import { fireId, FIRE_RETRY_DELAY, isTickData, type TickData } from './tick-queue.js';

/** A fire of a schedule that is to become an execution. */
export interface Fire {
  /** The execution's. */
  readonly id: string;
  readonly scheduleId: string;
  readonly scheduledFor: number;
  readonly job: string;
  readonly payload: unknown;
}

/** Puts the execution of a fire into its job's queue. Repeating it with the same id adds nothing. */
export type EnqueueFire = (fire: Fire) => Promise<void>;

/**
 * Handles the tick queue: each of its jobs is one fire of one schedule, and becomes one execution,
 * with an id made of schedule and nominal time.
 */
export class FireGate implements JobRunner {
  constructor(
    private readonly knows: (job: string) => boolean,
    private readonly enqueue: EnqueueFire,
    private readonly logger: Logger,
  ) {}

  begin(started: StartedJob): RunningJob {
    return {
      started,
      onShutdown: 'wait',
      outcome: this.take(started),
      abort: () => false,
      giveUp: () => undefined,
    };
  }

  private async take(started: StartedJob): Promise<Outcome> {
    const { payload: data, scheduleId, scheduledFor } = started;
    const done: Outcome = { kind: 'completed', result: undefined, write: undefined };
    if (scheduleId === undefined || scheduledFor === undefined || !isTickData(data)) {
      this.logger.warn(`The tick queue holds a job "${started.id}" that is no fire of a schedule; it is dropped`);
      return done;
    }
    return this.pass(decodeSchedulerId(scheduleId), scheduledFor, data, done);
  }

  private async pass(scheduleId: string, scheduledFor: number, data: TickData, done: Outcome): Promise<Outcome> {
    if (!this.knows(data.job)) {
      this.logger.warn(`Schedule "${scheduleId}" fired, but job "${data.job}" is not registered here; it does not run`);
      return done;
    }
    try {
      await this.enqueue({
        id: fireId(scheduleId, scheduledFor),
        scheduleId,
        scheduledFor,
        job: data.job,
        payload: data.payload,
      });
      return done;
    } catch (thrown) {
      this.logger.warn(`A fire of schedule "${scheduleId}" is tried again: ${describeThrown(thrown).message}`);
      return { kind: 'snooze', delay: FIRE_RETRY_DELAY };
    }
  }
}
