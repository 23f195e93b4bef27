import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JobDefinition } from '../../definition/job-definition.js';
import type { JobContract, JobRef } from '../../definition/job-ref.js';
import type { JobDefaults } from '../../options/resolved-options.js';
import type { JobRegistry } from '../../discovery/job-registry.js';
import type { DeclaredJob } from '../../store/ports/declared-job.js';
import type { EnqueueOptions } from './enqueue-options.js';

/** Where an enqueue goes, and what is known of its job here. */
export interface EnqueueTarget {
  readonly name: string;
  readonly queue: string;
  readonly priority: number;
  /** 0: the worker's definition says it. */
  readonly maxAttempts: number;
  /** Milliseconds. */
  readonly failedRetention: number;
  readonly schema: StandardSchemaV1 | undefined;
  /** Its queue as other processes know it: it need not be configured here. */
  readonly isElsewhere?: boolean;
  /** Whether jobs of its queue have priorities. */
  readonly prioritized: boolean;
  /** Undefined: as many as come. */
  readonly unique: JobDefinition['unique'];
}

/**
 * A registered job, or a contract whose code is elsewhere: then the module's defaults say queue and retention,
 * and the worker's definition the rest; or what other processes have declared of it.
 * @throws JobUnknownError
 */
export function resolveTarget(
  registry: JobRegistry,
  ref: JobRef,
  defaults: JobDefaults,
  options: EnqueueOptions,
  declared?: DeclaredJob,
): EnqueueTarget {
  const registered = registry.lookUp(ref);
  if (!registered && declared) return elsewhere(declared);
  const { queue = registered?.definition.queue ?? defaults.queue } = options;
  const prioritized = registry.isPrioritized(queue);
  if (!registered) {
    const { jobName, schema } = ref as JobContract;
    return {
      name: jobName,
      queue,
      prioritized,
      priority: options.priority ?? 0,
      maxAttempts: 0,
      failedRetention: defaults.retention.failed,
      schema,
      unique: undefined,
    };
  }
  const { definition } = registered;
  return {
    name: definition.name,
    queue,
    prioritized,
    priority: options.priority ?? definition.priority,
    maxAttempts: definition.retry.max + 1,
    failedRetention: definition.retention.failed,
    schema: definition.schema,
    unique: definition.unique,
  };
}

/** As its own processes would enqueue it. Two runs of a unique job with a key can only be told apart by its code. */
function elsewhere(job: DeclaredJob): EnqueueTarget {
  const { name, queue, priority, prioritized, maxAttempts, retention, unique } = job;
  return {
    name,
    queue,
    priority,
    maxAttempts,
    failedRetention: retention.failed,
    schema: undefined,
    isElsewhere: true,
    prioritized,
    unique: unique && !unique.hasKey ? { key: undefined, for: unique.for } : undefined,
  };
}
