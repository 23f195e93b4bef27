import { toStoredRepeat } from '../definition/schedule-pattern.js';
import { encodeSchedulerId } from '../store/names.js';
import type { EngineQueue } from '../store/ports.js';
import type { ScheduleStore, StoredSchedule } from '../store/schedule-store.js';
import type { ScheduleApplier } from './schedule-appliance.js';
import { scheduleSpecOf } from './schedule-spec-of.js';
import type { TickData } from './tick-queue.js';

/** Writes BullMQ's entries of stored schedules. */
export class EntryApplier implements ScheduleApplier {
  constructor(
    private readonly ticks: EngineQueue,
    private readonly schedules: ScheduleStore,
  ) {}

  async apply(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map(async (id) => this.applyOne(id, await this.schedules.get(id))));
  }

  private async applyOne(id: string, stored: StoredSchedule | undefined): Promise<void> {
    const key = encodeSchedulerId(id);
    if (!stored?.enabled) {
      await this.ticks.removeJobScheduler(key);
      return;
    }
    const { job, expression, payload, anchor } = stored;
    const data: TickData = { job, expression, ...(payload !== undefined && { payload }) };
    await this.ticks.upsertJobScheduler(key, toStoredRepeat(scheduleSpecOf(stored), anchor), {
      name: job,
      data,
      opts: { removeOnComplete: true, removeOnFail: true },
    });
  }
}
