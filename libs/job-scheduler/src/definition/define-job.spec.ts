import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineJob } from './define-job.js';
import type { JobPayload, JobResult } from './job-ref.js';

type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
const same = <A, B>(value: Same<A, B>) => value;

const schema = z.object({ url: z.string(), width: z.coerce.number().default(100) });
const resize = defineJob('image.resize', { schema });
const plain = defineJob<{ to: string }, number>('mail.plain');
const nothing = defineJob('tick');

describe('defineJob', () => {
  it('gives a frozen contract', () => {
    expect(resize).toEqual({ jobName: 'image.resize', schema });
    expect(resize.schema).toBe(schema);
    expect(plain).toEqual({ jobName: 'mail.plain' });
    expect(Object.isFrozen(resize) && Object.isFrozen(plain)).toBe(true);
  });

  it('carries the types', () => {
    expect(same<JobPayload<typeof resize>, { url: string; width?: unknown }>(true)).toBe(true);
    expect(same<NonNullable<(typeof resize)['~types']>['output'], { url: string; width: number }>(true)).toBe(true);
    expect(same<JobPayload<typeof plain>, { to: string }>(true)).toBe(true);
    expect(same<JobResult<typeof plain>, number>(true)).toBe(true);
    expect(same<JobPayload<typeof nothing>, void>(true)).toBe(true);
    // @ts-expect-error a payload of another type
    expect(same<JobPayload<typeof plain>, { to: number }>(true)).toBe(true);
  });
});
