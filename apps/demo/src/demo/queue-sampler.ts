import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { JobService, type QueueInfo } from 'nestjs-job-scheduler';

/** All queues at one moment. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly queues: readonly QueueInfo[];
}

const PERIOD = 400;

/** Looks at the queues twice a second or so. */
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
      await this.take();
      await sleep(PERIOD, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when nothing waits, runs or is planned in any queue. */
  async untilIdle(signal: AbortSignal): Promise<void> {
    while (!isIdle(await this.take())) await sleep(PERIOD, undefined, { signal });
  }

  private async take(): Promise<Sample> {
    const sample = { at: Date.now(), queues: await this.jobs.getQueues() };
    this.samples.push(sample);
    return sample;
  }
}

function isIdle({ queues }: Sample): boolean {
  return queues.every(({ counts }) => counts.pending + counts.active + counts.delayed === 0);
}
