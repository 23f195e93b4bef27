/** What a job is, once its decorator, its module and the defaults have been read. */
import { Injectable } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import type { JobFailure } from '#src/definition/job-context.js';
import { Job } from '#src/decorators/job.decorator.js';
import { OnJobFail } from '#src/decorators/on-job-fail.decorator.js';
import { discover, A } from './discovery-kit.js';

describe('definitions', () => {
  it('lets configuration override decorators by name', async () => {
    @Job({ name: 'report', schedule: '0 2 * * *', queue: 'low', timeout: '1m' })
    class Report {
      run() {}
    }
    const registry = await discover(
      { providers: [Report] },
      { jobs: { report: { schedule: { every: '15m', payload: { day: 1 } }, enabled: false, timeout: undefined } } },
    );
    const { definition } = registry.require('report');
    expect(definition).toMatchObject({ enabled: false, queue: 'low', timeout: 60_000 });
    expect(definition.schedules).toEqual([
      { id: 'code:report', payload: { day: 1 }, spec: expect.objectContaining({ kind: 'interval', every: 900_000 }) },
    ]);
  });

  it('freezes definitions and fills in every default', async () => {
    const registry = await discover({ providers: [A] });
    const { definition } = registry.require('a');
    expect(definition).toMatchObject({
      description: undefined,
      schedules: [],
      runOnStart: false,
      enabled: true,
      queue: 'default',
      priority: 0,
      concurrency: undefined,
      retry: { max: 3, backoff: 'exponential', delay: 1000 },
      overlap: { policy: 'allow', key: undefined },
      misfire: 'skip',
      misfireThreshold: 60_000,
      maxCatchUp: 100,
      unique: undefined,
      retention: { count: 100 },
      onShutdown: 'wait',
      schema: undefined,
      onFail: undefined,
      steps: [],
    });
    expect(Object.isFrozen(definition)).toBe(true);
    expect([definition.schedules, definition.steps, definition.overlap].every((each) => Object.isFrozen(each))).toBe(
      true,
    );
  });

  it('takes all options, and tells which nothing acts on yet', async () => {
    const key = (payload: { id: string }) => payload.id;
    @Job({
      name: 'full',
      description: 'all of them',
      schedule: ['@daily', { cron: '0 9 * * mon', timezone: 'Europe/Berlin', payload: { a: 1 } }],
      timezone: 'America/New_York',
      runOnStart: true,
      queue: 'critical',
      priority: -5,
      concurrency: 2,
      overlap: { policy: 'skip', key },
      misfire: 'all',
      misfireThreshold: '2m',
      maxCatchUp: 3,
      unique: { key, for: '1h' },
      retention: { age: '1d' },
      onShutdown: 'abort',
      onFail: A,
    })
    class Full {
      run() {}
    }
    const registry = await discover({ providers: [Full, A] });
    const { definition } = registry.require('full');
    expect(definition).toMatchObject({
      description: 'all of them',
      runOnStart: true,
      priority: -5,
      concurrency: 2,
      overlap: { policy: 'skip', key },
      misfire: 'all',
      misfireThreshold: 120_000,
      maxCatchUp: 3,
      unique: { key, for: 3_600_000 },
      retention: { count: 100, age: 86_400_000, failed: 30 * 86_400_000 },
      onShutdown: 'abort',
      onFail: A,
    });
    expect(definition.schedules.map(({ id, spec, payload }) => [id, spec.timezone, payload])).toEqual([
      ['code:full', 'America/New_York', undefined],
      ['code:full#2', 'Europe/Berlin', { a: 1 }],
    ]);
  });

  it('tells @OnJobFail for each method job of its class', async () => {
    const told: string[] = [];
    @Injectable()
    class Mailer {
      @Job() one() {}
      @Job() two() {}
      @OnJobFail() tell({ job }: JobFailure) {
        told.push(job);
      }
    }
    const registry = await discover({ providers: [Mailer] });
    for (const job of registry.all()) await job.invoker.onFail!({ job: job.definition.name } as JobFailure);
    expect(told).toEqual(['Mailer.one', 'Mailer.two']);
  });
});
