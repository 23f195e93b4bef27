/** By what jobs are chosen for a list and put in order: what they carry is not read. */
export interface JobHeading {
  /** BullMQ's. */
  readonly id: string;
  readonly name: string;
  /** When it was made, in milliseconds since the epoch. */
  readonly timestamp: number;
  /** When it was started last; undefined when it was not. */
  readonly processedOn: number | undefined;
  readonly attemptsMade: number;
}
