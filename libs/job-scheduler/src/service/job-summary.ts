import type { JobDefinition } from '../definition/job-definition.js';
import type { Misfire, Overlap } from '../definition/job-options.js';

/** A registered job, for lists. Durations are milliseconds. */
export interface JobSummary {
  readonly name: string;
  readonly description: string | undefined;
  readonly queue: string;
  readonly priority: number;
  readonly enabled: boolean;
  /** As they were written. */
  readonly schedules: readonly string[];
  /** Names, in order; empty for a job with a single handler. */
  readonly steps: readonly string[];
  readonly maxAttempts: number;
  readonly timeout: number;
  readonly overlap: Overlap;
  readonly misfire: Misfire;
}

export function summarize(definition: JobDefinition): JobSummary {
  return {
    name: definition.name,
    description: definition.description,
    queue: definition.queue,
    priority: definition.priority,
    enabled: definition.enabled,
    schedules: definition.schedules.map(({ spec }) => spec.expression),
    steps: definition.steps.map(({ name }) => name),
    maxAttempts: definition.retry.max + 1,
    timeout: definition.timeout,
    overlap: definition.overlap.policy,
    misfire: definition.misfire,
  };
}
