/** Options and enhancers that cannot work stop the boot. */
import { type CanActivate, Controller, Inject, Injectable, Scope, UseGuards, UseInterceptors } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, REQUEST } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { defineJob } from '#src/definition/define-job.js';
import type { JobOptions } from '#src/definition/job-options.js';
import { Job } from '#src/decorators/job.decorator.js';
import { JobStep } from '#src/decorators/job-step.decorator.js';
import { faultsOf } from './support.js';
import { A, mailer } from './discovery-kit.js';

describe('faults of enhancers', () => {
  @Injectable()
  class Guard implements CanActivate {
    canActivate() {
      return true;
    }
  }
  @Injectable({ scope: Scope.TRANSIENT })
  class TransientGuard extends Guard {}
  @Injectable({ scope: Scope.REQUEST })
  class RequestGuard extends Guard {
    constructor(@Inject(REQUEST) readonly request: unknown) {
      super();
    }
  }
  @Job({ name: 'guarded' })
  @UseGuards(Guard)
  class Guarded {
    run() {}
  }

  it('refuses a guard class that Nest does not make, on a value or factory', async () => {
    expect(await faultsOf({ providers: [{ provide: Guarded, useValue: new Guarded() }] })).toEqual([
      expect.stringMatching(/^Guarded: Nest does not make the guard Guard for it/),
    ]);
    @Job({ name: 'instance' })
    @UseGuards(new Guard())
    class ByInstance {
      run() {}
    }
    expect(await faultsOf({ providers: [{ provide: 'X', useFactory: () => new ByInstance() }] })).toEqual([]);
  });

  it('refuses transient enhancers where Nest would not make them', async () => {
    @Job({ name: 'transient' })
    @UseGuards(TransientGuard)
    class WithTransient {
      run() {}
    }
    const on = { globalEnhancers: true };
    const transient = { providers: [Guarded, A, { provide: APP_GUARD, useClass: TransientGuard }] };
    expect(await faultsOf(transient)).toEqual([]);
    expect(await faultsOf(transient, on)).toEqual([
      expect.stringMatching(/^Guarded: With globalEnhancers, .*APP_GUARD.* is transient/),
      expect.stringMatching(/^A: With globalEnhancers, .*APP_GUARD.* is transient/),
    ]);
    const together = { providers: [WithTransient, { provide: APP_GUARD, useClass: RequestGuard }] };
    expect(await faultsOf(together)).toEqual([]);
    expect(await faultsOf(together, on)).toEqual([
      expect.stringMatching(/^WithTransient: Its transient enhancer TransientGuard cannot run together/),
    ]);
    expect(await faultsOf({ providers: [WithTransient] })).toEqual([]);
  });

  it('does not mind enhancers elsewhere', async () => {
    @Controller()
    @UseInterceptors(TransientGuard as never)
    class Api {}
    expect(
      await faultsOf({
        controllers: [Api],
        providers: [A, { provide: APP_INTERCEPTOR, useClass: RequestGuard as never }],
      }),
    ).toEqual([]);
  });
});

describe('faults of options', () => {
  it.each<[string, JobOptions, RegExp]>([
    ['a queue', { queue: 'lowest' }, /^Mailer\.send: queue: Queue "lowest" is not configured/],
    ['a queue that is no text', { queue: 3 as never }, /queue: 3 is not a queue's name/],
    ['a duration', { timeout: '0s' }, /timeout: "0s" is too short/],
    ['a retry', { retry: { delay: 'soon' as '1s' } }, /retry\.delay: "soon" is not a duration/],
    [
      'a retry option',
      { retry: { dely: 1 } as never },
      /retry\.dely: There is no such option\. Did you mean "delay"\?/,
    ],
    ['a priority', { priority: 1.5 }, /priority: 1\.5 is not allowed/],
    ['a concurrency', { concurrency: 0 }, /concurrency: 0 is not allowed/],
    [
      'a time zone',
      { timezone: 'Europe/Belin' },
      /timezone: "Europe\/Belin" is not a time zone\. Did you mean "Europe\/Berlin"\?/,
    ],
    ['a schedule', { schedule: '0 25 * * *' }, /schedule: /],
    ['one of several schedules', { schedule: ['@daily', 'every 10ms'] }, /schedule\[1\]: .*too often/],
    ["a schedule's zone", { schedule: { cron: '@daily', timezone: 'Mars' } }, /schedule: "Mars" is not a time zone/],
    [
      "a schedule's payload",
      { schedule: { every: '1m', payload: { at: () => 1 } } },
      /schedule\.payload: It is not JSON: at is a function/,
    ],
    ['an overlap', { overlap: 'skipp' as never }, /overlap: "skipp" is not allowed\. Did you mean "skip"\?/],
    ['an overlap key', { overlap: { policy: 'skip', key: 'id' as never } }, /overlap\.key: "id" is not a function/],
    ['a misfire', { misfire: 'none' as never }, /misfire: "none" is not allowed/],
    ['a misfire threshold', { misfireThreshold: 'x' as '1s' }, /misfireThreshold: "x" is not a duration/],
    ['a catch-up bound', { maxCatchUp: 0 }, /maxCatchUp: 0 is not allowed/],
    ['unique', { unique: 'yes' as never }, /unique: "yes" is not an object/],
    ['unique for', { unique: { for: 'x' as '1s' } }, /unique\.for: "x" is not a duration/],
    ['a retention', { retention: { count: -1 } }, /retention\.count: -1 is not allowed/],
    ['onShutdown', { onShutdown: 'stop' as never }, /onShutdown: "stop" is not allowed/],
    ['a schema', { schema: { parse: () => 1 } as never }, /schema: .* is not a Standard Schema/],
    ['onFail', { onFail: 7 as never }, /onFail: 7 is no job/],
    ['enabled', { enabled: 'no' as never }, /enabled: "no" is not allowed/],
    ['a description', { description: 7 as never }, /description: 7 is not a text/],
    ['a name', { name: ' x' }, /name: " x" is not a job's name/],
    ['a name with a NUL', { name: 'x\0' }, /is not a job's name/],
    ['an option that is none', { timout: '1m' } as never, /timout: There is no such option\. Did you mean "timeout"\?/],
  ])('refuses %s', async (_name, options, expected) => {
    const faults = await faultsOf({ providers: [mailer(options)] });
    expect(faults).toEqual([expect.stringMatching(expected)]);
    expect(faults[0]).toMatch(/^Mailer\.send: /);
  });

  it('refuses payloads of schedules over maxPayload', async () => {
    const Mailer = mailer({ schedule: { every: '1m', payload: 'x'.repeat(100) } });
    expect(await faultsOf({ providers: [Mailer] }, { maxPayload: 64 })).toEqual([
      'Mailer.send: schedule.payload: It has 102 bytes of JSON; maxPayload is 64.',
    ]);
  });

  const asyncSchema: StandardSchemaV1<unknown, number> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) =>
        typeof value === 'number' ? { value } : { issues: [{ message: 'Not a number', path: ['n'] }] },
    },
  };

  it('refuses what a schema refuses of a schedule, also an async one', async () => {
    const zod = mailer({ schema: z.object({ day: z.string() }), schedule: { cron: '@daily', payload: { day: 1 } } });
    expect(await faultsOf({ providers: [zod] })).toEqual([
      expect.stringMatching(/^Mailer\.send: schedule: The schema refuses the payload of "@daily": day: /),
    ]);
    const late = mailer({ schema: asyncSchema, schedule: ['@daily', { every: '1m', payload: 4 }] });
    expect(await faultsOf({ providers: [late] })).toEqual([
      'Mailer.send: schedule: The schema refuses the payload of "@daily": n: Not a number.',
    ]);
  });

  it('refuses steps of one name, and bad step options', async () => {
    @Job()
    class Steps {
      @JobStep({ name: 'two' }) one() {}
      @JobStep() two() {}
      @JobStep({ timeout: 'x' as '1s', retry: -1, order: Number.NaN }) three() {}
      @JobStep({ name: '' }) four() {}
      @JobStep({ tiemout: 1 } as never) five() {}
    }
    expect(await faultsOf({ providers: [Steps] })).toEqual([
      expect.stringMatching(/^Steps\.three: order: NaN is not a number/),
      expect.stringMatching(/^Steps\.three: timeout: "x" is not a duration/),
      expect.stringMatching(/^Steps\.three: retry: -1 is not allowed/),
      expect.stringMatching(/^Steps\.four: name: "" is not a step's name/),
      expect.stringMatching(/^Steps\.five: tiemout: There is no such option\. Did you mean "timeout"\?/),
      'Steps.two: name: Step "two" is declared by Steps.one too. Step names are unique in a job.',
    ]);
  });

  it('refuses a name or schema beside a contract', async () => {
    const contract = defineJob('c');
    @Job(contract, { name: 'other' } as never)
    class Named {
      run() {}
    }
    expect(await faultsOf({ providers: [Named] })).toEqual(['Named: name: The contract says it. Remove it here.']);
  });

  it('says of an override where it stands, and refuses unknown ones', async () => {
    const jobs = {
      a: { queue: 'lo', retry: { max: -1 }, name: 'b' },
      'a.b': { queue: 'low' },
    };
    expect(await faultsOf({ providers: [A] }, { jobs })).toEqual([
      'jobs["a"].name: A job cannot be renamed here. Remove it.',
      expect.stringMatching(/^jobs\["a"\]\.queue: Queue "lo" is not configured\. Did you mean "low"\?/),
      expect.stringMatching(/^jobs\["a"\]\.retry\.max: -1 is not allowed/),
      'jobs["a.b"]: No job of this name is declared. Did you mean "a"? Declared: a.',
    ]);
    const roles = new Set(['producer'] as const);
    expect(await faultsOf({ providers: [A] }, { jobs: { elsewhere: { queue: 'low' } }, roles })).toEqual([]);
  });

  it('refuses an onFail that names no job, or leads back to the job', async () => {
    class Unprovided {}
    expect(await faultsOf({ providers: [A, mailer({ onFail: 'aa' })] })).toEqual([
      'Mailer.send: onFail: No job "aa" is registered. Did you mean "a"? Registered: a, Mailer.send.',
    ]);
    expect(await faultsOf({ providers: [mailer({ onFail: Unprovided })] })).toEqual([
      expect.stringMatching(/^Mailer\.send: onFail: The class Unprovided is no job/),
    ]);
    @Injectable()
    class Circle {
      @Job({ name: 'x', onFail: 'y' }) x() {}
      @Job({ name: 'y', onFail: 'x' }) y() {}
      @Job({ name: 'z', onFail: 'x' }) z() {}
    }
    expect(await faultsOf({ providers: [Circle] })).toEqual([
      'Circle.x: onFail: It leads back to the job itself (x → y → x), for ever. Break the circle.',
      'Circle.y: onFail: It leads back to the job itself (y → x → y), for ever. Break the circle.',
    ]);
  });
});
