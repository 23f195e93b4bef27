import { setTimeout as pause } from 'node:timers/promises';
import { Job, JobContext, JobStep } from 'nestjs-job-scheduler';
import { z } from 'zod';

const MyPayload = z.strictObject({ key: z.string().max(200) }).optional();

type MyPayload = z.output<typeof MyPayload>;

/** Something to try the operators' tools on: it takes a second, logs and makes progress. */
@Job({ name: 'my.job', schema: MyPayload, retry: 1, timeout: '30s' })
export class MyJob {
  @JobStep() async prepare(payload: MyPayload, ctx: JobContext): Promise<number> {
    ctx.log('Preparing', { key: payload?.key });
    await pause(200, undefined, { signal: ctx.signal });
    return 4;
  }

  @JobStep() async work(payload: MyPayload, ctx: JobContext): Promise<{ key: string | undefined; parts: number }> {
    const parts = ctx.result<number>('prepare');
    for (let part = 1; part <= parts; part++) {
      await pause(200, undefined, { signal: ctx.signal });
      ctx.log(`Part ${part} of ${parts} is done`);
      await ctx.progress({ part, of: parts });
    }
    return { key: payload?.key, parts };
  }
}
