import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { JobService, type QueueInfo } from 'nestjs-job-scheduler';

/** All queues at one moment. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly queues: readonly QueueInfo[];
}

const PERIOD = 250;
/** Looking costs the store work, too: it takes no more than one part in so many of the time. */
const PARTS = 20;

/** Looks at the queues from time to time. */
@Injectable()
export class QueueSampler {
  readonly samples: Sample[] = [];

  constructor(private readonly jobs: JobService) {}

  get latest(): Sample | undefined {
    return this.samples.at(-1);
  }

  /** Samples until the signal fires. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const at = Date.now();
      this.samples.push({ at, queues: await this.jobs.getQueues() });
      const pause = Math.max(PERIOD, (PARTS - 1) * (Date.now() - at));
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when `watch` finds that nothing waits, runs or is planned in any queue. */
  async untilIdle(signal: AbortSignal): Promise<void> {
    const since = Date.now();
    while (!this.latest || this.latest.at < since || !isIdle(this.latest)) await sleep(PERIOD, undefined, { signal });
  }
}

function isIdle({ queues }: Sample): boolean {
  return queues.every(({ counts }) => counts.pending + counts.active + counts.delayed === 0);
}
