/** Nest's logger inside jobs. Its own file: once a JobLogger is made, all jobs of the process are followed. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobContext, JobHistory, JobLogger, JobSchedulerModule, JobService, JobStep } from 'nestjs-job-scheduler';
import { jobScope } from '#src/execution/job-scope.js';
import { randomPrefix } from '../support/prefix.js';

const written: unknown[][] = [];
const inner: LoggerService = {
  log: (...words) => void written.push(['log', ...words]),
  warn: (...words) => void written.push(['warn', ...words]),
  error: (...words) => void written.push(['error', ...words]),
};

@Injectable()
class Helper {
  private readonly logger = new Logger(Helper.name);

  async help(name: string): Promise<void> {
    this.logger.log(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    this.logger.warn(`${name} ends`, { left: 1 });
  }
}

@Injectable()
class Work {
  constructor(private readonly helper: Helper) {}

  @Job({ name: 'work' })
  async work(name: string, ctx: JobContext) {
    await this.helper.help(name);
    ctx.log('own');
    await Promise.all(['a', 'b'].map((step) => ctx.step(step, () => this.helper.help(step))));
    const logger = new Logger('Odd');
    logger.error(new Error('told'));
    logger.log({ an: 'object' });
    logger.debug('quiet');
  }
}

@Job({ name: 'stepped' })
class Stepped {
  constructor(private readonly helper: Helper) {}
  @JobStep() first() {
    return this.helper.help('in step');
  }
}

let app: INestApplicationContext;
let followedBefore: boolean;
beforeAll(async () => {
  followedBefore = jobScope.isFollowed;
  @Module({ imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix() })], providers: [Helper, Work, Stepped] })
  class App {}
  app = await NestFactory.createApplicationContext(App, {
    logger: new JobLogger(inner, { levels: ['log', 'warn', 'error'] }),
  });
});
afterAll(async () => {
  await app.close();
  Logger.overrideLogger(false);
});

it('goes to the log of the execution that runs, and to the logger as before', async () => {
  expect([followedBefore, jobScope.isFollowed]).toEqual([false, true]);
  const [jobs, history] = [app.get(JobService), app.get(JobHistory)];
  const handles = await Promise.all(['x', 'y'].map((name) => jobs.enqueue([Work, 'work'], name)));
  await Promise.all(handles.map((handle) => handle.finished()));
  for (const [index, name] of ['x', 'y'].entries()) {
    const lines = await history.getLogs(handles[index]!.id);
    expect(lines.map(({ level, message, step, data }) => [level, message.split('\n')[0], step, data])).toEqual([
      ['log', `${name} begins`, undefined, { context: 'Helper' }],
      ['warn', `${name} ends`, undefined, { context: 'Helper', details: [{ left: 1 }] }],
      ['log', 'own', undefined, undefined],
      // Beside each other, and told apart.
      ['log', 'a begins', 'a', { context: 'Helper' }],
      ['log', 'b begins', 'b', { context: 'Helper' }],
      ['warn', 'a ends', 'a', { context: 'Helper', details: [{ left: 1 }] }],
      ['warn', 'b ends', 'b', { context: 'Helper', details: [{ left: 1 }] }],
      ['error', 'Error: told', undefined, { context: 'Odd' }],
      ['log', "{ an: 'object' }", undefined, { context: 'Odd' }],
    ]);
  }
  expect(written).toContainEqual(['log', 'x begins', 'Helper']);
  expect(written).toContainEqual(['warn', 'y ends', { left: 1 }, 'Helper']);
});

it('knows declared steps; outside of jobs it is the logger that it wraps', async () => {
  const [jobs, history] = [app.get(JobService), app.get(JobHistory)];
  const handle = await jobs.enqueue(Stepped, undefined);
  await handle.finished();
  expect((await history.getLogs(handle.id)).map(({ message, step }) => [message, step])).toEqual([
    ['in step begins', 'first'],
    ['in step ends', 'first'],
  ]);
  new Logger('Outside').log('nobody’s');
  expect(written.at(-1)).toEqual(['log', 'nobody’s', 'Outside']);
});
