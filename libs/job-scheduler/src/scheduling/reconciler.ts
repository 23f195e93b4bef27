import type { Logger } from '@nestjs/common';
import type { Clock } from '../definition/clock.js';
import type { JobDefinition } from '../definition/job-definition.js';
import { encodeSchedulerId, decodeSchedulerId, TICK_QUEUE } from '../store/names.js';
import type { EngineQueue, EngineScheduler, Store } from '../store/ports.js';
import type { ScheduleDeclaration, SchedulePut, StoredSchedule } from '../store/schedule-store.js';
import {
  codeChanges,
  declaredSchedules,
  isCurrent,
  liveVersions,
  versionOf,
  type DeclaredSchedule,
} from './code-schedules.js';
import type { EntryPair, ScheduleEntries, ScheduleRepair } from './schedule-entries.js';
import { isTickData } from './tick-queue.js';

export interface ReconcilerParts {
  readonly store: Pick<Store, 'queues' | 'schedules' | 'facts'>;
  readonly entries: ScheduleEntries;
  readonly ticks: EngineQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long after its last word a version of the code counts as live, in milliseconds. */
  readonly liveFor: number;
  /** See `CheckOptions`. */
  readonly grace: number;
  readonly onRepair: (repair: ScheduleRepair) => void;
}

/** Declarations of versions that nobody runs any more are forgotten after this, in milliseconds. */
const FORGET_AFTER = 24 * 3_600_000;
/** Schedules in one call to the store. */
const PUT_AT_ONCE = 500;
const FACTS_AT_ONCE = 100;

/**
 * Brings the stored schedules to what the code declares, and BullMQ's entries to what is stored. Everything is read in a few
 * round trips and compared here; only what differs is written.
 *
 * It can die at any point. Records change first, each by its version, so that nobody's change is overwritten; an entry that
 * was not brought to its record differs from it, and the next round, of any instance, sees that. The gate goes by the records,
 * and by what the entry of a tick was planned by: between the two it neither loses nor doubles a fire.
 */
export class Reconciler {
  /** Of the code, as it was last declared. */
  version: string | undefined;
  private bootedAt = 0;

  constructor(private readonly parts: ReconcilerParts) {}

  /** Says what this process's code declares, and that it lives. To be repeated more often than `liveFor`. */
  async declare(definitions: readonly JobDefinition[]): Promise<void> {
    const declared = declaredSchedules(definitions);
    const now = this.parts.clock.now();
    const version = versionOf(declared);
    // A job that is registered while the app runs makes a new version of it, be it in the same millisecond.
    if (version !== this.version) this.bootedAt = Math.max(now, this.bootedAt + 1);
    this.version = version;
    const declaration: ScheduleDeclaration = {
      version,
      ids: declared.map(({ schedule }) => schedule.id),
      bootedAt: this.bootedAt,
      seenAt: now,
    };
    await this.parts.store.schedules.declare(declaration, FORGET_AFTER);
  }

  /**
   * To be done by one process at a time, after `declare`.
   * @param isWatch this process takes ticks for some time now: what is still overdue has been lost. After a downtime
   * everything is overdue, and that is what the gate is for.
   */
  async reconcile(definitions: readonly JobDefinition[], isWatch = false): Promise<void> {
    const { clock, entries, grace, onRepair, store } = this.parts;
    const isIdle = isWatch && (await this.isIdle());
    const readAt = clock.now();
    // Entries first: an entry without a record is then surely one whose record is gone.
    const found = await store.queues.schedulers(TICK_QUEUE);
    const [stored, declarations] = await Promise.all([store.schedules.all(), store.schedules.declarations()]);
    const schedules = await this.changeRecords(declaredSchedules(definitions), stored, declarations);

    const pairs = pair(schedules, found);
    const changed = await entries.bring(pairs, { readAt, grace, isIdle }, onRepair);
    if (changed.size === 0) return;
    const now = new Map((await store.schedules.all()).map(({ id, version }) => [id, version]));
    const again = pairs.filter(({ id, schedule }) => changed.has(id) && now.get(id) !== schedule?.version);
    await entries.apply(again.map(({ id }) => id));
  }

  /** @returns the schedules as they are stored then. */
  private async changeRecords(
    declared: readonly DeclaredSchedule[],
    stored: readonly StoredSchedule[],
    declarations: readonly ScheduleDeclaration[],
  ): Promise<StoredSchedule[]> {
    const { clock, liveFor, store } = this.parts;
    const now = clock.now();
    const live = liveVersions(declarations, now, liveFor);
    const schedules = new Map(stored.map((schedule) => [schedule.id, schedule]));
    if (this.version !== undefined && !isCurrent(this.version, live)) return stored.slice();

    const anchors = await this.keptAnchors(declared.filter(({ schedule }) => !schedules.has(schedule.id)));
    const { puts, stale } = codeChanges(declared, stored, live, now, anchors);
    for (let first = 0; first < puts.length; first += PUT_AT_ONCE) {
      const part = puts.slice(first, first + PUT_AT_ONCE);
      const answers = await store.schedules.put(part);
      for (const [index, answer] of answers.entries()) this.wasPut(part[index]!, answer, schedules);
    }
    for (const { id, version, job, expression } of stale) {
      if (!(await store.schedules.remove(id, version))) continue;
      schedules.delete(id);
      this.parts.logger.log(`Schedule "${id}" is removed: no running version declares it`, { job, expression });
    }
    return [...schedules.values()];
  }

  private wasPut(
    { data, expected }: SchedulePut,
    answer: StoredSchedule | undefined,
    schedules: Map<string, StoredSchedule>,
  ): void {
    // Somebody was faster: the next round looks again.
    if (!answer) return;
    schedules.set(answer.id, answer);
    const { id, expression, timezone, job } = data;
    const what = expected === 0 ? 'registered as' : 'changed to';
    this.parts.logger.log(`Schedule "${id}" ${what} "${expression}"`, { job, timezone });
  }

  /** Intervals that an earlier version of this library fired keep their phase. */
  private async keptAnchors(declared: readonly DeclaredSchedule[]): Promise<Map<string, number>> {
    const anchors = new Map<string, number>();
    const intervals = declared.filter(({ schedule }) => schedule.spec.kind === 'interval');
    for (let first = 0; first < intervals.length; first += FACTS_AT_ONCE) {
      await Promise.all(
        intervals.slice(first, first + FACTS_AT_ONCE).map(async ({ schedule: { id, spec } }) => {
          const anchor = Number(await this.parts.store.facts.get(`anchor:${id}:${spec.every}`));
          if (Number.isSafeInteger(anchor) && anchor > 0) anchors.set(id, anchor);
        }),
      );
    }
    return anchors;
  }

  /** Whether all ticks that are due have been taken, and their fires enqueued. */
  private async isIdle(): Promise<boolean> {
    const counts = await this.parts.ticks.getJobCounts('wait', 'prioritized', 'active');
    return Object.values(counts).every((count) => count === 0);
  }
}

function pair(schedules: readonly StoredSchedule[], found: readonly EngineScheduler[]): EntryPair[] {
  const byKey = new Map(found.map((entry) => [entry.key, entry]));
  const pairs = schedules.map((schedule): EntryPair => {
    const key = encodeSchedulerId(schedule.id);
    const entry = byKey.get(key);
    byKey.delete(key);
    return { id: schedule.id, schedule, entry };
  });
  // What is left belongs to schedules that are gone; but for what somebody else has put there.
  for (const entry of byKey.values()) {
    if (isTickData(entry.data)) pairs.push({ id: decodeSchedulerId(entry.key), schedule: undefined, entry });
  }
  return pairs;
}
