import { UseInterceptors } from '@nestjs/common';
import { Job, JobContext } from 'nestjs-job-scheduler';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { DocumentStore, kind } from '../documents/document-store.js';

/** A sign of life. */
export interface Pulse {
  readonly at: string;
  /** How much later than planned. */
  readonly lateMs: number;
  readonly heapMB: number;
}

export const PULSE = kind<Pulse>('pulse');

/** Shows each second that schedules fire, and how punctually. By its priority it overtakes what waits in its queue. */
@Job({ name: 'newsroom:pulse', queue: 'critical', priority: 10, schedule: 'every 1s', retry: 0, timeout: '5s' })
@UseInterceptors(ActivityInterceptor)
export class TakePulse {
  constructor(private readonly documents: DocumentStore) {}

  async run(_: void, ctx: JobContext): Promise<Pulse> {
    const now = new Date();
    const pulse: Pulse = {
      at: now.toISOString(),
      lateMs: now.getTime() - (ctx.scheduledFor ?? now).getTime(),
      heapMB: Math.round(process.memoryUsage().heapUsed / 2 ** 20),
    };
    await this.documents.write(PULSE, 'now', pulse);
    return pulse;
  }
}
