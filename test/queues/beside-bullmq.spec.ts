import { afterEach, describe, expect, it } from '@jest/globals';
import { BullModule, InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Job as BullJob, Queue } from 'bullmq';
import { Job, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

const connection = process.env['TEST_REDIS_URL']!;
const { hostname: host, port } = new URL(connection);

/** A plain processor of `@nestjs/bullmq`, with a queue of its own. */
@Processor('letters')
class Letters extends WorkerHost {
  readonly sent: unknown[] = [];

  override async process(job: BullJob): Promise<void> {
    this.sent.push(job.data);
  }
}

@Injectable()
class Office {
  readonly ran: unknown[] = [];

  constructor(
    @InjectQueue('default') readonly queue: Queue,
    @InjectQueue('letters') readonly letters: Queue,
  ) {}

  @Job({ name: 'write', retry: 0 })
  async write({ to }: { to: string }): Promise<string> {
    this.ran.push(to);
    await this.letters.add('letter', { to });
    return to;
  }
}

let app: INestApplicationContext | undefined;
afterEach(() => app?.close());

async function start() {
  @Module({
    imports: [
      BullModule.forRoot({ connection: { host, port: Number(port) }, prefix: randomPrefix() }),
      BullModule.registerQueue({ name: 'letters' }),
      JobSchedulerModule.forRoot({ connection, prefix: randomPrefix(), queues: { default: 1 } }),
    ],
    providers: [Letters, Office],
  })
  class App {}
  app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  return { office: app.get(Office), letters: app.get(Letters), jobs: app.get(JobService) };
}

describe('in one app with @nestjs/bullmq', () => {
  it('jobs run beside a plain processor, each with its own queues', async () => {
    const { office, letters, jobs } = await start();
    const handles = await jobs.enqueueMany([
      { job: [Office, 'write'], payload: { to: 'Ada' } },
      { job: [Office, 'write'], payload: { to: 'Grace' } },
    ]);
    expect(await Promise.all(handles.map((handle) => handle.finished()))).toEqual(['Ada', 'Grace']);
    await until('both letters are sent', () => letters.sent.length === 2);
    expect(new Set(letters.sent.map((each) => (each as { to: string }).to))).toEqual(new Set(['Ada', 'Grace']));
    expect(office.ran).toHaveLength(2);
    expect((await jobs.getQueues()).map(({ name }) => name)).toEqual(['default']);
  });

  it('@InjectQueue gives the queue of this library: what is added to it by hand runs, too', async () => {
    const { office, jobs } = await start();
    await jobs.pauseQueue('default');
    await jobs.enqueue([Office, 'write'], { to: 'Ada' });
    expect(await office.queue.getWaitingCount()).toBe(1);
    await office.queue.add('write', { to: 'Grace' });
    await office.queue.resume();
    await until('both have run', () => office.ran.length === 2);
    expect(office.ran).toEqual(expect.arrayContaining(['Ada', 'Grace']));
  });
});
