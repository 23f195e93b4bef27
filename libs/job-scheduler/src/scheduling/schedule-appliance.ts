/** Brings BullMQ's scheduler entries in line with stored schedules, in a process of any role. */
export interface ScheduleApplier {
  /**
   * Makes the entries of these schedules what the store says now: written, changed in place, or removed when the schedule
   * is disabled or gone. Call it after each change; repeating it changes nothing.
   * @param ids of schedules, stored or not.
   */
  apply(ids: readonly string[]): Promise<void>;
}
