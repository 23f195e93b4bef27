/** One process of a fleet that runs jobs, or hears of them. It does what lines on its standard input ask for. */
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService, type JobEvent, type Role } from 'nestjs-job-scheduler';
import type { Subscription } from 'rxjs';
import { tell } from '../support/tell.js';
import { Trip, Work } from './work.js';
import { scaled } from '../support/machine.js';

const env = process.env;

@Module({
  imports: [
    JobSchedulerModule.forRoot({
      connection: env.STORE!,
      prefix: env.PREFIX!,
      role: (env.ROLE ?? 'worker').split(',') as Role[],
      lockDuration: scaled(1_000),
      shutdownTimeout: '100ms',
    }),
  ],
  providers: env.ROLE === 'producer' ? [] : [Work, Trip],
})
class App {}

Logger.overrideLogger(['error', 'warn']);
const app = await NestFactory.createApplicationContext(App);
app.enableShutdownHooks();
const jobs = app.get(JobService);
const subscriptions: Subscription[] = [];

const deeds: Record<string, (...words: [string, string]) => unknown> = {
  enqueue: async (job, id) => void (await jobs.enqueue({ jobName: job }, undefined, { ...(id && { id }) })),
  listen: () => subscriptions.push(jobs.events().subscribe((event: JobEvent) => tell('heard', { told: { ...event } }))),
  leave: () => subscriptions.pop()?.unsubscribe(),
  cancel: (id) => jobs.cancel(id),
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const [deed, ...words] = line.split(' ');
  Promise.resolve(deeds[deed!]!(...(words as [string, string]))).then(
    () => tell(`${deed} done`),
    (error: Error) => tell('failed', { deed, message: error.message }),
  );
});
tell('ready', { pid: process.pid, workerId: jobs.workerId });
