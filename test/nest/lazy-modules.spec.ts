import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type INestApplicationContext, Injectable, Logger, Module } from '@nestjs/common';
import { LazyModuleLoader, NestFactory } from '@nestjs/core';
import { Job, JobSchedulerModule, JobService, OnJobEvent } from 'nestjs-job-scheduler';
import { WAIT } from '../support/machine.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const heard: string[] = [];

@Injectable()
class Early {
  @Job({ name: 'early' }) run() {
    return 'early';
  }
  @OnJobEvent('completed') hear({ job }: { job: string }) {
    heard.push(`early hears ${job}`);
  }
}

@Job({ name: 'lazy', schedule: '@yearly' })
class Lazy {
  run() {
    return 'lazy';
  }
}

@Injectable()
class LazyListener {
  @OnJobEvent('completed', { job: 'lazy' }) hear({ job }: { job: string }) {
    heard.push(`lazy hears ${job}`);
  }
}

@Module({ providers: [Lazy, LazyListener] })
class LazyModule {}

@Job({ name: 'early', queue: 'none' })
class Faulty {
  run() {}
}

@Module({ providers: [Faulty] })
class FaultyModule {}

let app: INestApplicationContext;
let jobs: JobService;

beforeAll(async () => {
  @Module({ imports: [JobSchedulerModule.forRoot()], providers: [Early] })
  class App {}
  app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  jobs = app.get(JobService);
});
afterAll(() => app.close());

describe('a module that is loaded lazily', () => {
  it('is refused by name until discover() has found its jobs; then they run, their schedules and listeners too', async () => {
    await app.get(LazyModuleLoader).load(() => LazyModule);
    await expect(jobs.enqueue(Lazy)).rejects.toThrow(
      'The class Lazy declares a job, but no module of this app provides it. Add it to the `providers` of one; if its module was loaded lazily, call JobService.discover() afterwards',
    );
    await jobs.discover();
    expect(await (await jobs.enqueue(Lazy)).finished(WAIT)).toBe('lazy');
    await until('both listeners hear of it', () => heard.length === 2);
    expect(heard.toSorted()).toEqual(['early hears lazy', 'lazy hears lazy']);
    expect((await jobs.getScheduled()).map(({ id }) => id)).toEqual(['code:lazy']);
  });

  it('adds nothing the second time', async () => {
    await jobs.discover();
    heard.length = 0;
    expect(await (await jobs.enqueue([Early, 'run'])).finished(WAIT)).toBe('early');
    await until('it is heard of', () => heard.length > 0);
    expect(heard).toEqual(['early hears early']);
    expect(jobs.getJobs().map(({ name }) => name)).toEqual(['early', 'lazy']);
  });

  it('with a fault is refused each time, by class and fault, and adds nothing', async () => {
    await app.get(LazyModuleLoader).load(() => FaultyModule);
    for (let time = 0; time < 2; time++) {
      const error = (await jobs.discover().catch((thrown: unknown) => thrown)) as Error;
      expect(error).toMatchObject({ code: 'JOB_DEFINITION_INVALID' });
      expect(error.message).toContain('Faulty: queue: Queue "none" is not configured');
      expect(error.message).toContain('Faulty: name: Job "early" is declared by Early.run too');
    }
    expect(jobs.getJobs().map(({ name }) => name)).toEqual(['early', 'lazy']);
  });
});
