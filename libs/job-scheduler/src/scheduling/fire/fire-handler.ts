import type { Logger } from '@nestjs/common';
import { describeThrown } from '../../common/describe-error.js';
import { firesBetween, type Stretch } from '../../cron/fires-between.js';
import type { JobDefinition } from '../../definition/job-definition.js';
import { requeueUnknown } from '../../execution/outcome/requeue-unknown.js';
import type { Outcome } from '../../execution/outcome/outcome.js';
import type { JobReports, JobRunner, RunningJob } from '../../execution/running-job.js';
import type { DeclaredJob } from '../../store/ports/declared-job.js';
import type { ScheduleStore, StoredSchedule } from '../../store/ports/schedule-store.js';
import type { StoreTime } from '../../store/store-time.js';
import type { QueuedExecution } from '../../store/codecs/queued-execution.js';
import { judgeFires, type MisfirePolicy } from './misfire.js';
import { isSameRepeat, repeatOf, toStretch } from '../stored-repeat.js';
import { fireId, FIRE_RETRY_DELAY, readTick, type FirePlan, type ScheduleRevision, type Tick } from '../tick-queue.js';
import type { SkippedFires } from './skipped-fires.js';
import type { JobRegistry } from '../../discovery/job-registry.js';
import type { FleetJobs } from '../../execution/fleet-jobs.js';
import type { Enqueuer } from '../../jobs/enqueue/enqueuer.js';

export interface FireHandlerParts {
  readonly schedules: ScheduleStore;
  readonly registry: Pick<JobRegistry, 'find'>;
  readonly fleetJobs: Pick<FleetJobs, 'find'>;
  /** For jobs that no process declares. */
  readonly defaults: MisfirePolicy;
  readonly enqueuer: Pick<Enqueuer, 'enqueue'>;
  readonly skippedFires: Pick<SkippedFires, 'record'>;
  /** The fleet's time: the store's. */
  readonly time: Pick<StoreTime, 'sure'>;
  /** By how much a crash of a process puts a tick off at most, in milliseconds. */
  readonly crashDelay: number;
  readonly logger: Logger;
}

/** A tick for a job that no process declares is put back so often: an earlier version of the library may know it. */
const UNKNOWN_PUT_BACKS = 5;
/** Clocks of processes may differ by this: a tick that comes before its time by more waits for it. Milliseconds. */
const EARLY = 1_000;
/** A process whose clock is ahead would be handed an early tick again and again: so it leaves the others alone, in milliseconds. */
const EARLY_PAUSE = 1_000;
/** Two processes may claim the same schedule in turn. A tick that loses so often is tried again later. */
const MOST_CLAIMS = 10;
/** Fires within the threshold run, each; of more than this only the newest. */
const MOST_ON_TIME = 10_000;

const DONE: Outcome = { kind: 'completed', result: undefined, write: undefined };
const LATER: Outcome = { kind: 'snooze', delay: FIRE_RETRY_DELAY };

/** A schedule's job, as far as it is known here. */
interface FiredJob {
  readonly definition: JobDefinition | undefined;
  readonly declared: DeclaredJob | undefined;
}

/**
 * Handles the tick queue. A tick says that a schedule has fired: the handler looks which fires are due since the last one that was
 * claimed, decides which of them run, claims them, and makes executions of them with ids made of schedule and nominal time.
 *
 * No fire is lost, and none is judged twice, wherever the process dies:
 * - Nothing happens before the claim, a compare-and-set on the schedule's `lastFire`: of two ticks with the same fire, one
 *   gets it, and the other, like a tick for a time that is claimed already, ends without a trace. A clock that steps back
 *   makes such ticks, too.
 * - After the claim the executions are enqueued. In between, only this tick knows of them; so it ends after the last of them,
 *   and is run again by BullMQ if the process dies before.
 * - The retry sees that its time is claimed, and cannot tell by whom. It enqueues its one fire again: the same id adds nothing.
 *   That is right for one fire that is on time. All other decisions are written on the tick's job before the claim, and the
 *   retry carries out what is written there, whatever time it is by then.
 */
export class FireHandler implements JobRunner {
  constructor(private readonly parts: FireHandlerParts) {}

  begin(started: QueuedExecution, reports: JobReports): RunningJob {
    return {
      started,
      onShutdown: 'wait',
      outcome: this.take(started, reports),
      abort: () => false,
      abandon: () => undefined,
    };
  }

  private async take(started: QueuedExecution, reports: JobReports): Promise<Outcome> {
    const { logger } = this.parts;
    const tick = readTick(started);
    if (!tick) {
      logger.warn(`The tick queue holds a job "${started.id}" that is no fire of a schedule; it is dropped`);
      return DONE;
    }
    try {
      return await (tick.data.plan ? this.resume(tick, tick.data.plan) : this.pass(tick, started, reports));
    } catch (thrown) {
      logger.warn(`A fire of schedule "${tick.scheduleId}" is tried again: ${describeThrown(thrown).message}`);
      return LATER;
    }
  }

  /** A decision that was written down before the process died, or before the store was away. */
  private async resume(tick: Tick, plan: FirePlan): Promise<Outcome> {
    const schedule = await this.parts.schedules.get(tick.scheduleId);
    if (!schedule) return DONE;
    // Whether this claims or the earlier run has, is all the same; and if another tick has, ids keep it to one execution each.
    await this.parts.schedules.claim(schedule.id, plan.from, plan.to);
    await this.carryOut(schedule, await this.know(schedule.job), plan, false);
    return DONE;
  }

  private async pass(tick: Tick, started: QueuedExecution, reports: JobReports): Promise<Outcome> {
    const { schedules, logger, time } = this.parts;
    const now = await time.sure();
    // A process whose clock is ahead has promoted it early.
    if (tick.at !== undefined && tick.at > now + EARLY)
      return { kind: 'snooze', delay: 0, until: tick.at, pause: EARLY_PAUSE };
    const starts = started.fence - (started.givenBack?.times ?? 0);
    const isRetry = starts > 1;
    for (let tries = 0; tries < MOST_CLAIMS; tries++) {
      const schedule = await schedules.get(tick.scheduleId);
      if (!schedule) {
        logger.debug(`Schedule "${tick.scheduleId}" is gone; its fire does not run`);
        return DONE;
      }
      const job = await this.know(schedule.job);
      if (!job.definition && !job.declared && starts <= UNKNOWN_PUT_BACKS) return LATER;
      const given = job.declared?.unique?.hasKey ? requeueUnknown(started.givenBack, now) : undefined;
      // Only its code can tell its key. If no process that has it takes the tick, it fires without.
      if (given && given.pause > 0) {
        const { delay, pause, note } = given;
        return { kind: 'snooze', delay, pause, givenBack: note };
      }

      const { lastFire } = schedule;
      if (tick.at !== undefined && lastFire !== undefined && tick.at <= lastFire) {
        if (isRetry && schedule.enabled) {
          const runs = [{ at: tick.at, missed: false }];
          await this.carryOut(schedule, job, { to: tick.at, runs, skipped: [], reason: 'misfire' }, false);
        }
        return DONE;
      }
      // A retry is judged as if it had not been put off: a process was there in time.
      const crashes = Math.min(started.crashes, starts - 1);
      const putOff = crashes * this.parts.crashDelay + (starts - 1 - crashes) * FIRE_RETRY_DELAY;
      const plan = this.decide(schedule, job, tick, now, putOff);
      if (!plan) return DONE;
      if (!isPlain(plan, tick.at)) await reports.keep({ ...tick.data, plan });
      if (await schedules.claim(schedule.id, lastFire, plan.to)) {
        await this.carryOut(schedule, job, plan, !isRetry);
        return DONE;
      }
    }
    return LATER;
  }

  /** Undefined: nothing is due. */
  private decide(
    schedule: StoredSchedule,
    job: FiredJob,
    tick: Tick,
    now: number,
    putOff: number,
  ): FirePlan | undefined {
    const { lastFire, enabledAt } = schedule;
    const from = lastFire === undefined ? {} : { from: lastFire };
    const upTo = Math.max(now, tick.at ?? now);
    // While it was disabled it has missed nothing.
    const after = Math.max(lastFire ?? -Infinity, enabledAt);
    if (!schedule.enabled) {
      if (tick.at === undefined || tick.at <= after) return undefined;
      return { ...from, to: tick.at, runs: [], skipped: [tick.at], reason: 'disabled' };
    }
    const policy = policyOf(schedule, job.definition ?? job.declared ?? this.parts.defaults);
    const stretches = plannedBy(schedule, tick).map(toStretch);
    const fires = due(stretches, after, upTo, now - putOff, policy);
    const last = fires.times.at(-1);
    if (last === undefined) return undefined;
    const { runs, skipped, omitted } = judgeFires(fires.times, now - putOff, policy);
    if (omitted > 0 || fires.hasOlder) {
      this.parts.logger.warn(
        `Schedule "${schedule.id}" has missed more fires than are recorded: those before ${new Date(skipped[0] ?? runs[0]!.at).toISOString()}`,
        { job: schedule.job, since: new Date(after).toISOString() },
      );
    }
    return { ...from, to: last, runs, skipped, reason: 'misfire' };
  }

  private async know(job: string): Promise<FiredJob> {
    const definition = this.parts.registry.find(job)?.definition;
    return { definition, declared: definition ? undefined : await this.parts.fleetJobs.find(job) };
  }

  private async carryOut(
    schedule: StoredSchedule,
    { definition, declared }: FiredJob,
    plan: FirePlan,
    isNew: boolean,
  ): Promise<void> {
    const { skippedFires, enqueuer } = this.parts;
    const { id: scheduleId, job, payload, overlap } = schedule;
    if (plan.skipped.length > 0) {
      await skippedFires.record({ schedule, definition, declared, times: plan.skipped, reason: plan.reason });
    }
    const ref = definition ? job : { jobName: job };
    // One after the other: they run in order. Repeating one with the same id adds nothing.
    for (const { at, missed } of plan.runs) {
      const trigger = missed ? 'catch-up' : 'schedule';
      const cause = { trigger, scheduleId, scheduledFor: at, overlap, isNew, declared, isFire: true } as const;
      await enqueuer.enqueue(ref, payload, { id: fireId(scheduleId, at) }, cause);
    }
  }
}

/** One fire, on time: what nearly all plans are. */
function isPlain({ runs, skipped }: FirePlan, at: number | undefined): boolean {
  return runs.length === 1 && skipped.length === 0 && !runs[0]!.missed && runs[0]!.at === at;
}

/** The schedule's own policies, and what its job or the module says for the others. */
function policyOf(schedule: StoredSchedule, fallback: MisfirePolicy): MisfirePolicy {
  return {
    misfire: schedule.misfire ?? fallback.misfire,
    misfireThreshold: schedule.misfireThreshold ?? fallback.misfireThreshold,
    maxCatchUp: schedule.maxCatchUp ?? fallback.maxCatchUp,
  };
}

/** By what the tick was planned, and, if the schedule was changed since, by what it is now. */
function plannedBy(schedule: StoredSchedule, { data }: Tick): readonly ScheduleRevision[] {
  const repeat = repeatOf(schedule);
  const { by } = data;
  const newest = by?.at(-1);
  if (!by || !newest) return [{ repeat, since: -Infinity }];
  if (isSameRepeat(newest.repeat, repeat)) return by;
  const { updatedAt } = schedule;
  return [...by.slice(0, -1), { ...newest, until: newest.until ?? updatedAt }, { repeat, since: updatedAt }];
}

/** All that are on time, and of those that are late as many as can matter. */
function due(stretches: readonly Stretch[], after: number, upTo: number, now: number, policy: MisfirePolicy) {
  const onTimeAfter = Math.max(after, now - policy.misfireThreshold - 1);
  const onTime = firesBetween(stretches, onTimeAfter, upTo, MOST_ON_TIME);
  if (onTimeAfter === after) return onTime;
  const late = firesBetween(stretches, after, onTimeAfter, 2 * policy.maxCatchUp);
  return { times: [...late.times, ...onTime.times], hasOlder: late.hasOlder || onTime.hasOlder };
}
