import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@nestjs/common';
import type { Clock } from '../definition/clock.js';
import type { CodeSchedule, JobDefinition } from '../definition/job-definition.js';
import { toStoredRepeat, type StoredRepeat } from '../definition/schedule-pattern.js';
import { encodeSchedulerId } from '../store/names.js';
import type { EngineQueue, FactStore } from '../store/ports.js';
import type { TickData } from './tick-queue.js';

type StoredScheduler = Awaited<ReturnType<EngineQueue['getJobSchedulers']>>[number];

/** A schedule as BullMQ is to hold it. */
interface Wanted {
  readonly schedule: CodeSchedule;
  readonly repeat: StoredRepeat & { pattern: string; tz: string };
  readonly data: TickData;
}

/**
 * Makes BullMQ's job schedulers what the code declares. An entry that is as it should be is not touched:
 * BullMQ drops a due fire when its scheduler is written anew.
 */
export class Reconciler {
  constructor(
    private readonly ticks: EngineQueue,
    private readonly facts: FactStore,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async reconcile(definitions: readonly JobDefinition[]): Promise<void> {
    const stored = new Map((await this.ticks.getJobSchedulers(0, -1)).map((entry) => [entry.key, entry]));
    await Promise.all(
      definitions.flatMap((definition) =>
        definition.schedules.map(async (schedule) => {
          const key = encodeSchedulerId(schedule.id);
          const entry = stored.get(key);
          if (!definition.enabled) {
            if (entry) await this.ticks.removeJobScheduler(key);
            return;
          }
          const wanted = await this.want(definition, schedule);
          if (!entry || !fits(entry, wanted)) await this.write(key, wanted, entry !== undefined);
        }),
      ),
    );
  }

  private async want(definition: JobDefinition, schedule: CodeSchedule): Promise<Wanted> {
    const { spec } = schedule;
    const anchor = spec.kind === 'interval' ? await this.anchor(schedule.id, spec.every) : 0;
    const data: TickData = {
      job: definition.name,
      expression: spec.expression,
      ...(schedule.payload !== undefined && { payload: schedule.payload }),
    };
    return { schedule, repeat: toStoredRepeat(spec, anchor), data };
  }

  /** The moment when this interval first existed: its phase, through restarts and deploys. */
  private async anchor(scheduleId: string, every: number): Promise<number> {
    return Number(await this.facts.keep(`anchor:${scheduleId}:${every}`, String(this.clock.now())));
  }

  private async write(key: string, { schedule, repeat, data }: Wanted, existed: boolean): Promise<void> {
    await this.ticks.upsertJobScheduler(key, repeat, {
      name: data.job,
      data,
      opts: { removeOnComplete: true, removeOnFail: true },
    });
    const { expression, timezone } = schedule.spec;
    this.logger.log(`Schedule "${schedule.id}" ${existed ? 'changed to' : 'registered as'} "${expression}"`, {
      job: data.job,
      timezone,
    });
  }
}

function fits(entry: StoredScheduler, { repeat, data }: Wanted): boolean {
  return (
    entry.pattern === repeat.pattern &&
    entry.tz === repeat.tz &&
    (entry.startDate ?? undefined) === repeat.startDate &&
    (entry.endDate ?? undefined) === repeat.endDate &&
    entry.next !== undefined &&
    isDeepStrictEqual(entry.template?.data, JSON.parse(JSON.stringify(data)))
  );
}
