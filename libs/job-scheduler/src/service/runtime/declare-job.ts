import type { JobDefinition } from '../../definition/job-definition.js';
import type { JobRegistry } from '../../discovery/job-registry.js';
import type { DeclaredJob } from '../../store/ports/declared-job.js';

/** What the fleet is told of a job of this process. */
export function toDeclaredJob(definition: JobDefinition, registry: JobRegistry): DeclaredJob {
  const { name, queue, priority, retry, retention, misfire, misfireThreshold, maxCatchUp, unique } = definition;
  const onFail = definition.onFail === undefined ? undefined : onFailOf(definition, registry);
  return {
    name,
    queue,
    priority,
    prioritized: registry.isPrioritized(queue),
    maxAttempts: retry.max + 1,
    retention,
    misfire,
    misfireThreshold,
    maxCatchUp,
    ...(unique && {
      unique: { hasKey: unique.key !== undefined, ...(unique.for !== undefined && { for: unique.for }) },
    }),
    ...(onFail !== undefined && { onFail }),
  };
}

/** Undefined: it is not registered in this process, which may be a producer's. */
function onFailOf({ onFail }: JobDefinition, registry: JobRegistry): string | undefined {
  try {
    return registry.require(onFail!).definition.name;
  } catch {
    return undefined;
  }
}
