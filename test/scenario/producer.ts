import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService, defineJob, type JobSchedulerOptions } from 'nestjs-job-scheduler';

export const threeSteps = defineJob<{ n: number }, { firstRanIn: number }>('three.steps');
export const shortWork = defineJob<{ n: number; ms: number }>('work.short');
export const once = defineJob<void, string>('work.once');

/** An app that only enqueues. The caller closes it. */
export async function startProducer(
  connection: string,
  prefix: string,
  options: JobSchedulerOptions = {},
): Promise<{ app: INestApplicationContext; jobs: JobService }> {
  Logger.overrideLogger(false);
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix, role: 'producer', ...options })] })
  class Producer {}
  const app = await NestFactory.createApplicationContext(Producer, { abortOnError: false, logger: false });
  return { app, jobs: app.get(JobService) };
}
