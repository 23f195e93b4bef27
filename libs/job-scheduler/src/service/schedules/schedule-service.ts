import { Inject, Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { Clock } from '../../common/clock.js';
import type { JobRef } from '../../definition/job-ref.js';
import { inspectShort } from '../../common/inspect-short.js';
import {
  ScheduleConflictError,
  ScheduleExistsError,
  ScheduleOwnedError,
  ScheduleUnknownError,
} from '../../errors/schedule-errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/resolved-options.js';
import { JobRegistry } from '../../discovery/job-registry.js';
import { SchedulerSync } from '../../scheduling/sync/scheduler-sync.js';
import type { Store } from '../../store/ports/ports.js';
import type { ScheduleData, StoredSchedule } from '../../store/ports/schedule-store.js';
import { StoreHolder } from '../../store/store-holder.js';
import { Actions } from '../actions.js';
import { CallLine } from '../../jobs/call-line.js';
import {
  checkScheduleCondition,
  checkScheduleFilter,
  checkScheduleInput,
  expectedVersion,
} from './check-schedule-call.js';
import { ScheduleInputCheck } from './check-schedule-input.js';
import { Enqueuer } from '../../jobs/enqueue/enqueuer.js';
import { canBeKnown } from '../../jobs/execution-id.js';
import { FinishWatcher } from '../../jobs/finish-watcher.js';
import { toHandle, type JobHandle } from '../../jobs/job-handle.js';
import { changedScheduleData, newScheduleData, withoutUndefined, type CheckedSchedule } from './schedule-data.js';
import type { NewSchedule, ScheduleChange, ScheduleCondition, ScheduleFilter } from './schedule-input.js';
import { toScheduledJob, type ScheduledJob } from './scheduled-job.js';

/** How often a change is tried again when others change the same schedule meanwhile. */
const TRIES = 20;
/** Schedules of a long list between two pauses for other work. */
const LISTED_AT_ONCE = 500;

/**
 * The schedules of the fleet: those that code declares, and those that are made while the app runs. What is changed here
 * holds for all processes at once, and outlives restarts and deploys. Works in a process of any role.
 *
 * Code schedules can be enabled, disabled and run, not changed or deleted; they are here once a process with the role
 * `scheduler` has started.
 *
 * Calls reject with `STORE_UNAVAILABLE` when the store has been silent for 5 s: a change may have been stored all the same.
 */
@Injectable()
export class ScheduleService {
  private readonly line = new CallLine();
  private readonly actions = new Actions();

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
    private readonly clock: Clock,
    private readonly registry: JobRegistry,
    private readonly holder: StoreHolder,
    private readonly enqueuer: Enqueuer,
    private readonly watcher: FinishWatcher,
    private readonly entries: SchedulerSync,
  ) {}

  /** By id. @throws ScheduleInputError, JobUnknownError */
  async list(filter: ScheduleFilter = {}): Promise<ScheduledJob[]> {
    checkScheduleFilter(filter);
    await this.holder.ready();
    const job = filter.job === undefined ? undefined : this.nameOf(filter.job);
    return this.guard('list schedules', async ({ schedules }) => {
      const stored = await schedules.all();
      const wanted = stored.filter(
        (each) =>
          (job === undefined || each.job === job) &&
          (filter.source === undefined || each.source === filter.source) &&
          (filter.enabled === undefined || each.enabled === filter.enabled),
      );
      const now = this.clock.now();
      const list: ScheduledJob[] = [];
      for (const each of wanted) {
        // Finding the next fires of thousands takes a while: other work runs in between.
        if (list.length % LISTED_AT_ONCE === LISTED_AT_ONCE - 1) await setImmediate();
        list.push(toScheduledJob(each, now));
      }
      return list;
    });
  }

  /** @throws ScheduleUnknownError */
  get(id: string): Promise<ScheduledJob> {
    return this.guard(`look up schedule ${inspectShort(id)}`, async (store) =>
      toScheduledJob(await this.require(store, id), this.clock.now()),
    );
  }

  /**
   * Makes a schedule. It fires from now on, also after restarts and deploys, until it is deleted.
   * @throws ScheduleInputError with everything that is wrong; ScheduleExistsError. Nothing was stored.
   *
   * @example
   * ```ts
   * const { id, next } = await schedules.create({ job: NightlyReport, cron: '0 2 * * *', payload: { day: 'yesterday' } });
   * ```
   */
  async create<const J extends JobRef>(input: NewSchedule<J>): Promise<ScheduledJob> {
    checkScheduleInput(input);
    await this.holder.ready();
    const checked = await this.check(input, undefined);
    const data = newScheduleData(checked, this.clock.now());
    const created = this.guard('create a schedule', async (store) => {
      const [stored] = await store.schedules.put([{ data, expected: 0 }]);
      if (!stored) throw new ScheduleExistsError(data.id);
      return this.applied(stored);
    });
    return this.note(created, data.id, 'created');
  }

  /**
   * Changes a schedule in place. An interval keeps its phase unless its length changes.
   * @throws ScheduleUnknownError, ScheduleOwnedError, ScheduleInputError, and ScheduleConflictError when it is not of
   * `expectedVersion`. Nothing was changed.
   */
  async update(id: string, change: ScheduleChange): Promise<ScheduledJob> {
    checkScheduleInput(change);
    const changed = this.change(
      id,
      async (stored) => {
        if (stored.source === 'code') throw new ScheduleOwnedError(id, 'changed');
        return changedScheduleData(stored, await this.check(change, stored), this.clock.now());
      },
      expectedVersion(change),
    );
    return this.note(changed, id, 'changed');
  }

  /**
   * Its runs that wait or go on are left alone.
   * @throws ScheduleUnknownError, ScheduleOwnedError, and ScheduleConflictError when it is not of `expectedVersion`
   */
  async delete(id: string, condition: ScheduleCondition = {}): Promise<void> {
    const expected = checkScheduleCondition(condition);
    const deleted = this.guard(`delete schedule ${inspectShort(id)}`, async (store) => {
      const stored = await this.require(store, id);
      if (stored.source === 'code') throw new ScheduleOwnedError(id, 'deleted');
      if (!(await store.schedules.remove(id, expected)) && expected !== undefined)
        throw new ScheduleConflictError(id, expected, (await this.require(store, id)).version);
      await this.entries.apply([id]);
    });
    await this.note(deleted, id, 'deleted');
  }

  /**
   * It fires from now on: what came due while it was disabled is not missed.
   * @throws ScheduleUnknownError, and ScheduleConflictError when it is not of `expectedVersion`
   */
  async enable(id: string, condition: ScheduleCondition = {}): Promise<ScheduledJob> {
    return this.note(this.switch(id, true, checkScheduleCondition(condition)), id, 'enabled');
  }

  /**
   * It does not fire until it is enabled, over restarts and deploys.
   * @throws ScheduleUnknownError, and ScheduleConflictError when it is not of `expectedVersion`
   */
  async disable(id: string, condition: ScheduleCondition = {}): Promise<ScheduledJob> {
    return this.note(this.switch(id, false, checkScheduleCondition(condition)), id, 'disabled');
  }

  /**
   * Runs its job once now, with its payload, recorded as `manual`; also while it is disabled.
   * @throws ScheduleUnknownError; JobUnknownError when its job is not registered in this process.
   */
  async runNow(id: string): Promise<JobHandle> {
    const { enqueuer, watcher } = this;
    const stored = await this.guard(`run schedule ${inspectShort(id)}`, (store) => this.require(store, id));
    const { job, payload, overlap } = stored;
    const cause = { trigger: 'manual', scheduleId: id, overlap } as const;
    return toHandle(await this.note(enqueuer.enqueue(job, payload, {}, cause), id, 'run by hand'), watcher);
  }

  private switch(id: string, enabled: boolean, expected: number | undefined): Promise<ScheduledJob> {
    return this.change(
      id,
      async (stored) => {
        if (stored.enabled === enabled) return undefined;
        const now = this.clock.now();
        return { ...stored, enabled, enabledAt: enabled ? now : stored.enabledAt, updatedAt: now };
      },
      expected,
    );
  }

  /** @param make gives what is to be stored; undefined: nothing changes. */
  private change(
    id: string,
    make: (stored: StoredSchedule) => Promise<ScheduleData | undefined>,
    expected?: number,
  ): Promise<ScheduledJob> {
    return this.guard(`change schedule ${inspectShort(id)}`, async (store) => {
      for (let tries = 1; ; tries++) {
        const stored = await this.require(store, id);
        if (expected !== undefined && expected !== stored.version)
          throw new ScheduleConflictError(id, expected, stored.version);
        const data = await make(stored);
        // Applied all the same: the process that stored it may have died before.
        if (!data) return this.applied(stored);
        const [changed] = await store.schedules.put([{ data: withoutUndefined(data), expected: stored.version }]);
        if (changed) return this.applied(changed);
        if (tries === TRIES) throw new ScheduleConflictError(id, stored.version, undefined);
      }
    });
  }

  private async applied(stored: StoredSchedule): Promise<ScheduledJob> {
    await this.entries.apply([stored.id]);
    return toScheduledJob(stored, this.clock.now());
  }

  private async require({ schedules }: Store, id: string): Promise<StoredSchedule> {
    const stored = canBeKnown(id) ? await schedules.get(id) : undefined;
    if (stored) return stored;
    throw new ScheduleUnknownError(
      typeof id === 'string' ? id : inspectShort(id),
      (await schedules.all()).map((each) => each.id),
    );
  }

  private check(input: object, stored: StoredSchedule | undefined): Promise<CheckedSchedule> {
    const { options, registry, clock } = this;
    const { timezone } = options.defaults;
    const rules = { registry, timezone, maxPayload: options.maxPayload, now: clock.now() };
    return new ScheduleInputCheck(rules, input as Record<string, unknown>, stored).read();
  }

  private async guard<T>(action: string, work: (store: Store) => Promise<T>): Promise<T> {
    const store = await this.holder.open(action);
    return this.line.run(store, () => work(store));
  }

  private note<T>(work: Promise<T>, id: string, done: string): Promise<T> {
    return this.actions.note(work, () => `Schedule ${inspectShort(id)} was ${done}`);
  }

  private nameOf(ref: JobRef): string {
    return typeof ref === 'string' ? ref : this.registry.require(ref).definition.name;
  }
}
