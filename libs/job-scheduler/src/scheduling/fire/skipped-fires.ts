import type { Clock } from '../../common/clock.js';
import { retentionElsewhere } from '../../jobs/retention.js';
import type { JobEvents } from '../../events/job-events.js';
import { executionFields } from '../../events/execution-fields.js';
import type { JobDefaults } from '../../options/resolved-options.js';
import type { ExecutionStore } from '../../store/ports/ports.js';
import { toSkippedWrite } from '../../store/skipped-write.js';
import type { RecordSkipped } from './fire.js';
import { fireId } from '../tick-queue.js';

export interface SkippedFiresParts {
  readonly executions: ExecutionStore;
  readonly clock: Clock;
  /** For jobs that this process does not know. */
  readonly defaults: Pick<JobDefaults, 'queue' | 'retry' | 'retention'>;
  /** Whether records are kept at all. */
  readonly history: boolean;
  readonly events: JobEvents;
}

/** Fires that did not run are executions like others in the history: skipped, with the reason, in one call to the store. */
export function recordSkippedFires({ executions, clock, defaults, history, events }: SkippedFiresParts): RecordSkipped {
  return async ({ schedule, definition, declared, times, reason }) => {
    const { queue } = definition ?? declared ?? defaults;
    const { retry } = definition ?? defaults;
    const retention = definition?.retention ?? declared?.retention ?? retentionElsewhere(defaults.retention);
    const now = clock.now();
    const fires = times.map((at) => ({
      id: fireId(schedule.id, at),
      job: schedule.job,
      queue,
      trigger: 'schedule' as const,
      scheduleId: schedule.id,
      scheduledFor: at,
      createdAt: now,
      maxAttempts: declared?.maxAttempts ?? retry.max + 1,
      payload: schedule.payload,
    }));
    if (history && retention.count > 0) {
      await executions.write(fires.map((fire) => toSkippedWrite(fire, reason, retention, now)));
    }
    if (!events.wanted) return;
    for (const fire of fires) events.emit({ type: 'skipped', ...executionFields(events, fire, now), reason });
  };
}
