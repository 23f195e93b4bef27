import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { OwnLogger } from '../../common/own-logger.js';
import type { ScheduleRepair } from '../../scheduling/sync/scheduler-sync.js';
import type { Notifier } from '../../store/ports/notifier.js';

export type RepairListener = (repair: ScheduleRepair) => void;

/** How long a repair counts for health, in milliseconds. */
const RECENT = 10 * 60_000;
/** Repairs that are remembered. */
const MOST = 100;
const TOPIC = 'schedule-repaired';

/** Schedules that were repaired lately, anywhere in the fleet. */
@Injectable()
export class RepairWatch {
  private readonly logger = new OwnLogger();
  private readonly listeners = new Set<RepairListener>();
  private readonly repairs: ScheduleRepair[] = [];
  private leave: (() => Promise<void>) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Hears of the repairs of all instances from now on. */
  async listen(signals: Notifier): Promise<void> {
    if (this.leave) return;
    this.leave = await signals.subscribe(TOPIC, (message) => {
      const repair = readRepair(message);
      if (repair) this.take(repair);
    });
  }

  async close(): Promise<void> {
    const { leave } = this;
    this.leave = undefined;
    await leave?.();
  }

  /** Reports a repair of this process to all. */
  report(repair: ScheduleRepair, signals: Notifier): void {
    const { scheduleId, job, trouble } = repair;
    this.logger.warn(`Schedule "${scheduleId}" ${trouble}; it was repaired`, { job });
    signals.publish(TOPIC, JSON.stringify(repair)).catch(() => this.take(repair));
  }

  /** @returns ends it. */
  on(listener: RepairListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Of the last ten minutes, oldest first. */
  recent(): readonly ScheduleRepair[] {
    const since = this.clock.now() - RECENT;
    return this.repairs.filter(({ at }) => at > since);
  }

  private take(repair: ScheduleRepair): void {
    this.repairs.push(repair);
    this.repairs.splice(0, this.repairs.length - MOST);
    for (const listener of this.listeners) {
      try {
        listener(repair);
      } catch (error) {
        this.logger.warn(`A listener for repaired schedules failed: ${String(error)}`);
      }
    }
  }
}

function readRepair(message: string): ScheduleRepair | undefined {
  try {
    const value = JSON.parse(message) as Partial<ScheduleRepair> | null;
    return typeof value?.scheduleId === 'string' && typeof value.at === 'number'
      ? (value as ScheduleRepair)
      : undefined;
  } catch {
    return undefined;
  }
}
