import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JobDefinition } from '../../definition/job-definition.js';
import type { JobRef } from '../../definition/job-ref.js';
import { isContract } from '../../discovery/option-shapes.js';
import type { JobDefaults } from '../../options/resolved-options.js';
import type { JobRegistry } from '../../discovery/job-registry.js';
import type { DeclaredJob } from '../../store/ports/declared-job.js';
import type { EnqueueOptions } from './enqueue-options.js';
import type { QueueDefaults } from '../../queues/queue-defaults.js';

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
  readonly queueDefaults?: QueueDefaults;
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
  const registered = isContract(ref) ? registry.find(ref.jobName) : registry.require(ref);
  if (!registered && declared) return elsewhere(declared);
  if (!registered && isContract(ref)) {
    return {
      name: ref.jobName,
      queue: options.queue ?? defaults.queue,
      priority: options.priority ?? 0,
      maxAttempts: 0,
      failedRetention: defaults.retention.failed,
      schema: ref.schema,
      unique: undefined,
    };
  }
  const { definition } = registered ?? registry.require(ref);
  return {
    name: definition.name,
    queue: options.queue ?? definition.queue,
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
    queueDefaults: { prioritized },
    unique: unique && !unique.hasKey ? { key: undefined, for: unique.for } : undefined,
  };
}
