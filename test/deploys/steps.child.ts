/** A version of a service whose one job has these `STEPS`; one called `wait` goes on for ever. Any line enqueues it. */
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { tell } from '../support/tell.js';

const { URL: connection, PREFIX: prefix, STEPS: steps } = process.env;

@Module({ imports: [JobSchedulerModule.forRoot({ connection: connection!, prefix: prefix!, lockDuration: '1s' })] })
class App {}

const app = await NestFactory.createApplicationContext(App, { logger: ['warn', 'error'], abortOnError: false });
const jobs = app.get(JobService);
jobs.register({ name: 'order' }, async (_payload, ctx) => {
  for (const name of steps!.split(',')) {
    await ctx.step(name, () => {
      tell('step', { name });
      return name === 'wait' ? new Promise<string>(() => undefined) : name;
    });
  }
  tell('done');
});
createInterface({ input: process.stdin }).on('line', () => void jobs.enqueue('order'));
tell('ready');
