import type { JobRef } from '../definition/job-ref.js';

/** Tells, by job, whether all is well. */
export class JobMonitor {
  async healthCheck(): Promise<Record<string, boolean>> {
    return {};
  }

  async failureRate(_job: JobRef): Promise<number> {
    return 0;
  }

  async averageLatency(_job: JobRef): Promise<number> {
    return 0;
  }
}
