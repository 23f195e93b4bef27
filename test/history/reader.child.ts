/** A process that runs nothing, and reads what others ran. Its input: JSON with a number, and an execution's id or a job's name. */
import 'reflect-metadata';
import { createInterface } from 'node:readline';
import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JobHistory, JobSchedulerModule } from 'nestjs-job-scheduler';
import { tell } from '../support/tell.js';

@Module({
  imports: [
    JobSchedulerModule.forRoot({ connection: process.env.STORE!, prefix: process.env.PREFIX!, role: 'producer' }),
  ],
})
class Reader {}

Logger.overrideLogger(['warn', 'error']);
const app = await NestFactory.createApplicationContext(Reader);
const history = app.get(JobHistory);
createInterface({ input: process.stdin }).on('line', (line) => {
  const { n, id, job } = JSON.parse(line) as { n: number; id?: string; job?: string };
  const read = id === undefined ? history.getExecutions(job!) : history.getExecution(id);
  read.then(
    (answer) => tell('read', { n, answer }),
    (error: Error) => tell('read', { n, error: error.message }),
  );
});
tell('ready');
