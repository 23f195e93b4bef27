/** A job factory: when it makes its next job, and what it is made of. */
export interface Scheduler {
  next: number;
  /** As BullMQ reads it: texts only. */
  readonly fields: Map<string, string>;
}
