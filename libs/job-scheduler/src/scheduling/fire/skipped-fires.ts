import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { JobDefinition } from '../../definition/job-definition.js';
import { EventBus } from '../../events/event-bus.js';
import { executionFields } from '../../events/job-events.js';
import { retentionElsewhere } from '../../jobs/retention.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../../options/resolved-options.js';
import type { DeclaredJob } from '../../store/ports/declared-job.js';
import type { StoredSchedule } from '../../store/ports/schedule-store.js';
import { toSkippedWrite } from '../../store/skipped-write.js';
import { StoreHolder } from '../../store/store-holder.js';
import { fireId } from '../tick-queue.js';

/** Fires of a schedule that do not run. */
export interface FiresToSkip {
  readonly schedule: StoredSchedule;
  readonly definition: JobDefinition | undefined;
  /** Of a job whose code is elsewhere: what its own processes say of it. */
  readonly declared?: DeclaredJob | undefined;
  readonly times: readonly number[];
  readonly reason: string;
}

/** Records fires that do not run as executions in the history: skipped, with the reason. */
@Injectable()
export class SkippedFires {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'defaults' | 'history'>,
    @Inject(StoreHolder) private readonly holder: Pick<StoreHolder, 'require'>,
    private readonly clock: Clock,
    @Inject(EventBus) private readonly events: Pick<EventBus, 'wanted' | 'workerId' | 'emit'>,
  ) {}

  /** In one call to the store. Repeating it changes nothing. */
  async record({ schedule, definition, declared, times, reason }: FiresToSkip): Promise<void> {
    const { events, options } = this;
    const { defaults, history } = options;
    const { queue } = definition ?? declared ?? defaults;
    const { retry } = definition ?? defaults;
    const retention = definition?.retention ?? declared?.retention ?? retentionElsewhere(defaults.retention);
    const now = this.clock.now();
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
      await this.holder
        .require('record skipped fires')
        .executions.write(fires.map((fire) => toSkippedWrite(fire, reason, retention, now)));
    }
    if (!events.wanted) return;
    for (const fire of fires) events.emit({ type: 'skipped', ...executionFields(events, fire, now), reason });
  }
}
