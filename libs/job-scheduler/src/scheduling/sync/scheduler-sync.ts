import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { OwnLogger } from '../../common/own-logger.js';
import { StoreHolder } from '../../store/store-holder.js';
import { describeThrown } from '../../common/describe-error.js';
import { tryAgain } from '../../common/try-again.js';
import { isEntryTaken } from '../../store/engine-scheduler.js';
import { encodeSchedulerId, TICK_QUEUE } from '../../store/names.js';
import type { EngineScheduler, Store } from '../../store/ports/ports.js';
import type { StoredSchedule } from '../../store/ports/schedule-store.js';
import { checkEntry, isDueBy, type CheckOptions, type SchedulerDiff, type ScheduleTrouble } from './scheduler-diff.js';
import { TICK_OPTIONS, TickQueue, type ScheduleRevision, type TickData } from '../tick-queue.js';

/** A schedule that would not have fired, and was repaired. */
export interface ScheduleRepair {
  readonly scheduleId: string;
  readonly job: string;
  readonly trouble: ScheduleTrouble;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A schedule with its entry as they were read; one of them may be missing. */
export interface EntryPair {
  readonly id: string;
  readonly schedule: StoredSchedule | undefined;
  readonly entry: EngineScheduler | undefined;
}

/** Entries written at once. More would only wait in the connection. */
const WRITES_AT_ONCE = 50;
/** Checks between two breaths: a thousand and more would hold up the process. */
const CHECKS_AT_ONCE = 500;
/** Changes that follow one another this often while one is applied: the reconciler applies the last. */
const MOST_ROUNDS = 5;
/** See `CheckOptions`. */
export const GRACE = 5_000;

/**
 * Writes BullMQ's entries from stored schedules, so that no fire is lost: BullMQ deletes the due fire of an entry that is
 * written anew, and plans from now on. So the entry's ticks also carry by what fires were planned before: the first of them to
 * come makes the fire handler look for all fires that are not claimed yet. For that to be soon, a tick is added by hand: first of all if
 * a fire is due, and once more after the entry was written if one became due by then. Claims keep all that from running twice.
 * A process that dies in between leaves an entry that still differs, or one whose next tick finds what is missing.
 */
@Injectable()
export class SchedulerSync {
  private readonly logger = new OwnLogger();

  constructor(
    @Inject(StoreHolder) private readonly holder: Pick<StoreHolder, 'require'>,
    @Inject(TickQueue) private readonly ticks: Pick<TickQueue, 'open'>,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes the entries of these schedules what the store says now: written, changed in place, or removed when the schedule
   * is disabled or gone. Call it after each change, in a process of any role; repeating it changes nothing.
   * @param ids of schedules, stored or not.
   */
  async apply(ids: readonly string[]): Promise<void> {
    const queue = this.ticks.open();
    try {
      await this.applyNow(ids);
    } catch (error) {
      // A stop has closed the queue meanwhile: there is another.
      if (this.ticks.open() === queue) throw error;
      await this.applyNow(ids);
    }
  }

  private async applyNow(ids: readonly string[]): Promise<void> {
    let left = [...new Set(ids)];
    for (let round = 0; left.length > 0 && round < MOST_ROUNDS; round++) {
      const pairs = await this.read(left);
      const changed = await this.sync(pairs, { readAt: this.clock.now(), grace: GRACE, isIdle: false });
      left = await this.changedSince(pairs.filter(({ id }) => changed.has(id)));
    }
  }

  /**
   * Makes entries what their schedules say.
   * @returns the ids of the schedules whose entries were written or removed.
   */
  async sync(
    pairs: readonly EntryPair[],
    options: CheckOptions,
    onRepair?: (repair: ScheduleRepair) => void,
  ): Promise<Set<string>> {
    const todo: { readonly pair: EntryPair; readonly check: SchedulerDiff }[] = [];
    for (const [index, pair] of pairs.entries()) {
      if (index % CHECKS_AT_ONCE === CHECKS_AT_ONCE - 1) await setImmediate();
      const check = this.check(pair, options);
      if (check && check.todo !== 'nothing') todo.push({ pair, check });
    }
    const changed = new Set<string>();
    for (let first = 0; first < todo.length; first += WRITES_AT_ONCE) {
      await Promise.all(
        todo.slice(first, first + WRITES_AT_ONCE).map(async ({ pair, check }) => {
          await this.carryOut(pair, check, options.readAt);
          changed.add(pair.id);
          if ('trouble' in check && check.trouble && pair.schedule) {
            const { id: scheduleId, job } = pair.schedule;
            onRepair?.({ scheduleId, job, trouble: check.trouble, at: options.readAt });
          }
        }),
      );
    }
    return changed;
  }

  /** Of these, the ids of those that are no longer what they were: somebody changed them meanwhile. */
  async changedSince(pairs: readonly EntryPair[]): Promise<string[]> {
    const checked = await Promise.all(
      pairs.map(async ({ id, schedule }) => {
        const now = await this.store.schedules.get(id);
        return now?.version === schedule?.version ? [] : [id];
      }),
    );
    return checked.flat();
  }

  private get store(): Pick<Store, 'queues' | 'schedules'> {
    return this.holder.require('apply schedules');
  }

  private async read(ids: readonly string[]): Promise<EntryPair[]> {
    const { queues, schedules } = this.store;
    const keys = ids.map(encodeSchedulerId);
    const entries = new Map((await queues.schedulers(TICK_QUEUE, keys)).map((entry) => [entry.key, entry]));
    return Promise.all(
      ids.map(async (id, index) => ({ id, schedule: await schedules.get(id), entry: entries.get(keys[index]!) })),
    );
  }

  private check({ id, schedule, entry }: EntryPair, options: CheckOptions): SchedulerDiff | undefined {
    try {
      return checkEntry(schedule, entry, options);
    } catch (thrown) {
      this.logger.warn(`Schedule "${id}" cannot be read and does not fire: ${describeThrown(thrown).message}`);
      return undefined;
    }
  }

  private async carryOut({ id, schedule }: EntryPair, check: SchedulerDiff, readAt: number): Promise<void> {
    if (check.todo === 'remove') await this.ticks.open().removeJobScheduler(encodeSchedulerId(id));
    if (!schedule) return;
    if (check.todo === 'tick') await this.addTick(schedule, check.by);
    if (check.todo !== 'write') return;
    if (check.isDue) await this.addTick(schedule, check.by);
    const next = await this.write(schedule, check);
    const after = Math.max(schedule.lastFire ?? -Infinity, schedule.enabledAt, check.isDue ? readAt : -Infinity);
    if (isDueBy(check.by, after, Math.min(next - 1, this.clock.now()))) await this.addTick(schedule, check.by);
  }

  /** @returns the time for which BullMQ has planned the next job. */
  private async write(schedule: StoredSchedule, { repeat, by }: SchedulerDiff & { todo: 'write' }): Promise<number> {
    const key = encodeSchedulerId(schedule.id);
    const { job, expression } = schedule;
    const data: TickData = { job, expression, by };
    const upsert = () => this.ticks.open().upsertJobScheduler(key, repeat, { name: job, data, opts: TICK_OPTIONS });
    // On PostgreSQL, BullMQ reads an entry and then writes it with its next job: of two that do so at once, the second finds a
    // job that it does not know of, and throws. Once the first is through, the second replaces what it wrote.
    const planned = await tryAgain(upsert, isEntryTaken);
    if (planned) return planned.opts.prevMillis ?? Infinity;
    // It has ended: BullMQ has left the entry as it was.
    await this.ticks.open().removeJobScheduler(key);
    return Infinity;
  }

  private async addTick({ id, job, expression }: StoredSchedule, by: readonly ScheduleRevision[]): Promise<void> {
    const data: TickData = { job, expression, by, schedule: id };
    await this.ticks.open().add(job, data, TICK_OPTIONS);
  }
}
