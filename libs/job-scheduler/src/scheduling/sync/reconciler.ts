import type { Logger } from '@nestjs/common';
import type { JobDefinition } from '../../definition/job-definition.js';
import { encodeSchedulerId, decodeSchedulerId, TICK_QUEUE } from '../../store/names.js';
import type { EngineQueue, EngineScheduler, Store } from '../../store/ports/ports.js';
import type { StoreTime } from '../../store/store-time.js';
import type { ScheduleDeclaration, SchedulePut, StoredSchedule } from '../../store/ports/schedule-store.js';
import { codeChanges, declaredSchedules, type DeclaredSchedule } from './code-schedules.js';
import { takeBackAhead } from './ahead-of-time.js';
import { FORGET_AFTER, type Declarer } from './declarer.js';
import { deciders, liveVersions, removedOf, staleFor, toRemoved } from './families.js';
import type { EntryPair, SchedulerSync, ScheduleRepair } from './scheduler-sync.js';
import { isTickData } from '../tick-queue.js';

export interface ReconcilerParts {
  readonly store: Pick<Store, 'queues' | 'schedules' | 'markers'>;
  readonly declarer: Declarer;
  readonly entries: SchedulerSync;
  readonly ticks: EngineQueue;
  readonly time: StoreTime;
  readonly logger: Logger;
  /** How long after its last word a version of the code counts as live, in milliseconds. */
  readonly liveFor: number;
  /** See `CheckOptions`. */
  readonly grace: number;
  readonly onRepair: (repair: ScheduleRepair) => void;
}

/** Schedules in one call to the store. */
const PUT_AT_ONCE = 500;
const FACTS_AT_ONCE = 100;

/**
 * Brings the stored schedules to what the code declares, and BullMQ's entries to what is stored. Everything is read in a few
 * round trips and compared here; only what differs is written.
 *
 * It can die at any point. Records change first, each by its version, so that nobody's change is overwritten; an entry that
 * does not match its record yet differs from it, and the next round, of any instance, sees that. The fire handler goes by the records,
 * and by what the entry of a tick was planned by: between the two it neither loses nor doubles a fire.
 */
export class Reconciler {
  /** What was declared before this process did: its own word makes the store forget what is old. */
  private before: readonly ScheduleDeclaration[] | undefined;
  /** Schedules of the code, as they were last seen: what the store loses comes back so. */
  private seen: ReadonlyMap<string, StoredSchedule> = new Map();

  constructor(private readonly parts: ReconcilerParts) {}

  /** Says what this process's code declares, and that it lives. To be repeated more often than `liveFor`. */
  async declare(definitions: readonly JobDefinition[]): Promise<void> {
    const { store, declarer } = this.parts;
    this.before ??= await store.schedules.declarations();
    await declarer.declare(definitions);
  }

  /** Looks at what is stored, and changes nothing. */
  async look(): Promise<void> {
    this.see(await this.parts.store.schedules.all());
  }

  /**
   * To be done by one process at a time, after `declare`.
   * @param isWatch this process takes ticks for some time now: what is still overdue has been lost. After a downtime
   * everything is overdue, and that is for the fire handler.
   */
  async reconcile(definitions: readonly JobDefinition[], isWatch = false): Promise<void> {
    const { time, entries, grace, onRepair, store } = this.parts;
    const isIdle = isWatch && (await this.isIdle());
    const readAt = await time.sure();
    // Entries first: an entry without a record is then surely one whose record is gone.
    const found = await store.queues.schedulers(TICK_QUEUE);
    const [all, declarations] = await Promise.all([store.schedules.all(), store.schedules.declarations()]);
    const stored = await takeBackAhead(store.schedules, all, readAt, onRepair);
    const schedules = await this.changeRecords(declaredSchedules(definitions), stored, declarations);

    const pairs = pair(schedules, found);
    const changed = await entries.sync(pairs, { readAt, grace, isIdle }, onRepair);
    if (changed.size === 0) return;
    const now = new Map((await store.schedules.all()).map(({ id, version }) => [id, version]));
    const again = pairs.filter(({ id, schedule }) => changed.has(id) && now.get(id) !== schedule?.version);
    await entries.apply(again.map(({ id }) => id));
  }

  /** @returns the schedules as they are stored then. */
  private async changeRecords(
    all: readonly DeclaredSchedule[],
    stored: readonly StoredSchedule[],
    declarations: readonly ScheduleDeclaration[],
  ): Promise<StoredSchedule[]> {
    const { time, declarer, liveFor, store } = this.parts;
    const self = declarer.current;
    if (!self) return stored.slice();
    const now = time.now();
    const live = liveVersions(declarations, now, liveFor);
    const known = [
      ...declarations,
      ...(this.before ?? []).filter((each) => !declarations.some((d) => d.version === each.version)),
    ];
    const schedules = new Map(stored.map((schedule) => [schedule.id, schedule]));

    const deciding = deciders(live);
    const declared = all.filter(({ schedule: { id } }) => (deciding.get(id) ?? self.version) === self.version);
    const missing = declared.filter(({ schedule }) => !schedules.has(schedule.id));
    const anchors = await this.keptAnchors(missing);
    const removed = removedOf(known, now);
    const gone = new Map(
      missing.flatMap(({ schedule: { id } }) => {
        const last = newer(removed.get(id), this.seen.get(id));
        return last ? [[id, last] as const] : [];
      }),
    );
    const puts = codeChanges(declared, stored, now, anchors, gone);
    for (let first = 0; first < puts.length; first += PUT_AT_ONCE) {
      const part = puts.slice(first, first + PUT_AT_ONCE);
      const answers = await store.schedules.put(part);
      for (const [index, answer] of answers.entries()) await this.wasPut(part[index]!, answer, schedules, gone);
    }
    for (const schedule of staleFor(self, stored, live, known)) await this.remove(schedule, schedules, now);
    this.see([...schedules.values()]);
    return [...schedules.values()];
  }

  private async remove(schedule: StoredSchedule, schedules: Map<string, StoredSchedule>, now: number): Promise<void> {
    const { store, logger } = this.parts;
    const { id, version, job, expression } = schedule;
    // First: who dies in between has only told too much.
    await store.schedules.declare(toRemoved(schedule, now), FORGET_AFTER);
    if (!(await store.schedules.remove(id, version))) return;
    schedules.delete(id);
    logger.log(`Schedule "${id}" is removed: no running version declares it`, { job, expression });
  }

  private see(stored: readonly StoredSchedule[]): void {
    // A store that has lost everything says nothing.
    const seen = new Map(this.seen);
    for (const schedule of stored) if (schedule.source === 'code') seen.set(schedule.id, schedule);
    this.seen = seen;
  }

  private async wasPut(
    { data, expected }: SchedulePut,
    answer: StoredSchedule | undefined,
    schedules: Map<string, StoredSchedule>,
    gone: ReadonlyMap<string, StoredSchedule>,
  ): Promise<void> {
    // Somebody was faster: the next round looks again.
    if (!answer) return;
    const { store, logger, time, onRepair } = this.parts;
    const { id, expression, timezone, job } = data;
    const { lastFire } = gone.get(id) ?? {};
    const isClaimed =
      lastFire !== undefined && answer.lastFire === undefined && (await store.schedules.claim(id, undefined, lastFire));
    schedules.set(id, isClaimed ? { ...answer, lastFire } : answer);
    const what = expected !== 0 ? 'changed to' : gone.has(id) ? 'is back, as' : 'registered as';
    logger.log(`Schedule "${id}" ${what} "${expression}"`, { job, timezone });
    if (this.seen.has(id) && expected === 0)
      onRepair({ scheduleId: id, job, trouble: 'was gone from the store', at: time.now() });
  }

  /** Intervals that an earlier version of this library fired keep their phase. */
  private async keptAnchors(declared: readonly DeclaredSchedule[]): Promise<Map<string, number>> {
    const anchors = new Map<string, number>();
    const intervals = declared.filter(({ schedule }) => schedule.spec.kind === 'interval');
    for (let first = 0; first < intervals.length; first += FACTS_AT_ONCE) {
      await Promise.all(
        intervals.slice(first, first + FACTS_AT_ONCE).map(async ({ schedule: { id, spec } }) => {
          const anchor = Number(await this.parts.store.markers.get(`anchor:${id}:${spec.every}`));
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

/** Of two sights of a schedule, the later one. */
function newer(a: StoredSchedule | undefined, b: StoredSchedule | undefined): StoredSchedule | undefined {
  if (!a || !b) return a ?? b;
  const at = ({ updatedAt, lastFire = 0 }: StoredSchedule) => Math.max(updatedAt, lastFire);
  return at(b) > at(a) ? b : a;
}
