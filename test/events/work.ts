/** Jobs that end in every way, for tests of what is told about them. */
import { Injectable } from '@nestjs/common';
import { Job, JobCancelError, JobContext, JobStep } from 'nestjs-job-scheduler';

@Injectable()
export class Work {
  @Job({ name: 'good' })
  good() {
    return 'good';
  }

  @Job({ name: 'flaky', retry: { max: 1, delay: 10 } })
  flaky(_: unknown, ctx: JobContext) {
    if (ctx.attempt === 1) throw new TypeError('not yet');
  }

  @Job({ name: 'bad', retry: { max: 1, delay: 10 } })
  bad() {
    throw Object.assign(new Error('never'), { code: 'E_NEVER' });
  }

  @Job({ name: 'chatty' })
  async chatty(_: unknown, ctx: JobContext) {
    await ctx.progress({ done: 1 });
    await ctx.step('inline', () => 1);
    await ctx.progress(100);
  }

  @Job({ name: 'gives.up' })
  givesUp() {
    throw new JobCancelError('no use');
  }

  @Job({ name: 'alone', overlap: 'skip' })
  async alone(_: unknown, ctx: JobContext) {
    await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
  }
}

@Job({ name: 'trip' })
export class Trip {
  @JobStep() book() {
    return 'booked';
  }
  @JobStep() pay() {
    return 'paid';
  }
}
