import { AsyncLocalStorage } from 'node:async_hooks';
import type { JobLogLevel } from '../definition/job-log-line.js';

/** Takes lines that belong to the job that runs. */
export interface LineTaker {
  add(message: string, data?: object, level?: JobLogLevel): void;
}

let storage: AsyncLocalStorage<LineTaker> | undefined;

/**
 * Which job's code runs at this moment. Known only when something has asked for it: following every promise of the process
 * costs all jobs time.
 */
export const jobScope = {
  /** From here on, jobs that start are followed. One for the process, as Nest's logger is. */
  follow(): void {
    storage ??= new AsyncLocalStorage();
  },
  get isFollowed(): boolean {
    return storage !== undefined;
  },
  /** Runs `work`, and all that it starts, as this job's. */
  run<T>(taker: LineTaker, work: () => T): T {
    return storage ? storage.run(taker, work) : work();
  },
  current(): LineTaker | undefined {
    return storage?.getStore();
  },
};
