import type { ScheduleStore, StoredSchedule } from '../../store/ports/schedule-store.js';
import type { ScheduleRepair } from './scheduler-sync.js';

/** Clocks of processes differ by less than this, in milliseconds: what lies further ahead was written by one that was wrong. */
const AHEAD = 60_000;

/**
 * Takes back what a process whose clock was ahead has written of schedules: fires that are yet to come count as claimed, and a
 * schedule that was enabled tomorrow fires nothing today.
 * @param now by the store's clock.
 * @returns the schedules as they are stored then.
 */
export async function takeBackAhead(
  schedules: Pick<ScheduleStore, 'claim' | 'put'>,
  stored: readonly StoredSchedule[],
  now: number,
  onRepair: (repair: ScheduleRepair) => void,
): Promise<StoredSchedule[]> {
  const isAhead = (time: number | undefined) => time !== undefined && time > now + AHEAD;
  const list: StoredSchedule[] = [];
  for (const schedule of stored) {
    let current = schedule;
    const { id, job, lastFire, version, ...data } = schedule;
    if (isAhead(lastFire) && (await schedules.claim(id, lastFire, now))) {
      current = { ...current, lastFire: now };
      onRepair({ scheduleId: id, job, trouble: 'had fired ahead of its time', at: now });
    }
    if (isAhead(data.enabledAt) || isAhead(data.updatedAt)) {
      const { enabledAt, updatedAt, createdAt } = data;
      const times = {
        enabledAt: Math.min(enabledAt, now),
        updatedAt: Math.min(updatedAt, now),
        createdAt: Math.min(createdAt, now),
      };
      const [changed] = await schedules.put([{ data: { ...data, id, job, ...times }, expected: version }]);
      if (changed) {
        current = changed;
        onRepair({ scheduleId: id, job, trouble: 'was changed ahead of its time', at: now });
      }
    }
    list.push(current);
  }
  return list;
}
