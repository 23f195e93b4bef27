import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Injectable,
  Logger,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type Provider,
  type Type,
} from '@nestjs/common';
import { InjectQueue } from '@nestjs/bullmq';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { Job, JobSchedulerModule, JobService, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { SchedulerRuntime } from '#src/service/runtime/scheduler-runtime.js';
import { gate } from '../support/gate.js';
import { randomPrefix } from '../support/prefix.js';
import { freePort } from '../support/servers.mjs';
import { until } from '../support/until.js';
import { WAIT } from '../support/machine.js';

Logger.overrideLogger(false);

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const url = 'memory:';

async function boot(imports: (DynamicModule | Type)[], providers: Provider[] = []) {
  @Module({ imports, providers })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  closers.push(() => app.close());
  return app;
}

const scheduler = (options: JobSchedulerOptions = {}) =>
  JobSchedulerModule.forRoot({ connection: url, prefix: randomPrefix(), ...options });

describe('a boot with faults', () => {
  it('reports all faults of the options at once', async () => {
    const wrong = {
      conection: url,
      concurrency: 0,
      queues: { 'a:b': 1, low: -1 },
      shutdownTimeout: 'soon' as '1s',
    } as JobSchedulerOptions;
    const error = await boot([JobSchedulerModule.forRoot(wrong)]).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'OPTIONS_INVALID' });
    const { message } = error as Error;
    for (const part of [
      'Did you mean "connection"?',
      'concurrency',
      'queues.a:b',
      'queues.low',
      '"soon" is not a duration',
    ]) {
      expect(message).toContain(part);
    }
  });

  it('reports all faults of all jobs at once, before anything is opened', async () => {
    @Job({ queue: 'critcal', timeout: 'long' as '1h' })
    class Wrong {
      async run() {}
    }
    @Job({ schedule: '61 * * * *' })
    class WrongToo {
      async run() {}
    }
    const connection = `redis://127.0.0.1:${await freePort()}`;
    const error = await boot([scheduler({ connection })], [Wrong, WrongToo]).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'JOB_DEFINITION_INVALID' });
    const { message } = error as Error;
    for (const part of ['Wrong', 'Did you mean "critical"?', '"long" is not a duration', 'WrongToo', '61']) {
      expect(message).toContain(part);
    }
  });

  it('names the store that does not answer, without its password', async () => {
    const connection = `redis://user:secret@127.0.0.1:${await freePort()}`;
    const error = await boot([scheduler({ connection })]).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((error as Error).message).toContain(new URL(connection).port);
    expect((error as Error).message).not.toContain('secret');
  });

  it('refuses a second import of the module', async () => {
    await expect(boot([scheduler(), scheduler()])).rejects.toThrow('imported twice');
  });

  it('says what is wrong with a call while providers are made', async () => {
    const hasty = {
      provide: 'HASTY',
      inject: [JobService],
      useFactory: (jobs: JobService) => jobs.enqueue('any'),
    };
    await expect(boot([scheduler()], [hasty])).rejects.toMatchObject({ code: 'NOT_STARTED' });
  });
});

describe('boot order', () => {
  it('starts after the other imports and drains before they are destroyed', async () => {
    const order: string[] = [];
    const { opened, open } = gate();
    @Injectable()
    class Resource implements OnApplicationBootstrap, OnModuleDestroy {
      onApplicationBootstrap() {
        order.push('resource up');
      }
      onModuleDestroy() {
        order.push('resource down');
      }
    }
    @Module({ providers: [Resource], exports: [Resource] })
    class Feature {}
    @Job({ runOnStart: true, retry: 0 })
    class First {
      constructor(readonly resource: Resource) {}
      async run() {
        order.push('job');
        await opened;
        order.push('job ended');
      }
    }
    @Module({ imports: [Feature, scheduler()], providers: [First] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    await until('the job runs', () => order.includes('job'));
    const runtime = app.get(SchedulerRuntime, { strict: false });
    const closing = app.close();
    await until('it drains', () => !runtime.isRunning);
    open();
    await closing;
    expect(order).toEqual(['resource up', 'job', 'job ended', 'resource down']);
  });

  it('lets jobs enqueue while they drain', async () => {
    const prefix = randomPrefix();
    let follow: string | undefined;
    @Job({ runOnStart: true })
    class Chain {
      close!: () => void;
      closing = new Promise<void>((resolve) => (this.close = resolve));
      isRunning = false;
      constructor(readonly jobs: JobService) {}
      async run() {
        this.isRunning = true;
        await this.closing;
        follow = (await this.jobs.enqueueIn(Chain, undefined, '1h')).id;
      }
    }
    const app = await NestFactory.createApplicationContext(
      { module: class App {}, imports: [scheduler({ prefix })], providers: [Chain] },
      { logger: false },
    );
    const chain = app.get(Chain);
    await until('it runs', () => chain.isRunning);
    const closed = app.close();
    chain.close();
    await closed;
    expect(follow).toEqual(expect.any(String));
  });
});

describe('forRootAsync', () => {
  it('takes options from a factory that injects, and provides queues by name', async () => {
    @Module({ providers: [{ provide: 'URL', useValue: url }], exports: ['URL'] })
    class Config {}
    @Injectable()
    class Uses {
      constructor(@InjectQueue('mail') readonly queue: Queue) {}
    }
    const app = await boot(
      [
        JobSchedulerModule.forRootAsync({
          imports: [Config],
          inject: ['URL'],
          useFactory: (connection: string) => ({ connection, prefix: randomPrefix(), queues: { mail: 1, default: 1 } }),
          queueNames: ['mail'],
        }),
      ],
      [Uses],
    );
    const { queue } = app.get(Uses);
    expect(queue.name).toBe('mail');
    expect(await queue.getWaitingCount()).toBe(0);
  });

  it('takes options from a class', async () => {
    class Options {
      createJobSchedulerOptions() {
        return { connection: url, prefix: randomPrefix(), workerName: 'from class' };
      }
    }
    const app = await boot([JobSchedulerModule.forRootAsync({ useClass: Options })]);
    expect(app.get(JobService).workerId).toBe('from class');
  });

  it('needs one of them', () => {
    expect(() => JobSchedulerModule.forRootAsync({})).toThrow('useFactory, useClass or useExisting');
  });
});

it('works on a client that the app owns, and leaves it open', async () => {
  const connection = new Redis(process.env.TEST_REDIS_URL!);
  closers.push(() => connection.quit());
  @Job()
  class Echo {
    async run(text: string) {
      return text;
    }
  }
  const app = await NestFactory.createApplicationContext(
    { module: class App {}, imports: [scheduler({ connection })], providers: [Echo] },
    { logger: false },
  );
  const handle = await app.get(JobService).enqueue(Echo, 'hello');
  expect(await handle.finished(WAIT)).toBe('hello');
  await app.close();
  expect(await connection.ping()).toBe('PONG');
});

it('a producer enqueues, and takes no jobs', async () => {
  const prefix = randomPrefix();
  const seen: string[] = [];
  @Job()
  class Note {
    async run(text: string) {
      seen.push(text);
    }
  }
  const producer = await boot([scheduler({ prefix, role: 'producer' })], [Note]);
  const handle = await producer.get(JobService).enqueue(Note, 'x');
  expect(await producer.get(JobService).getStatus(handle.id)).toBe('pending');
  expect(seen).toEqual([]);
  await boot([scheduler({ prefix, role: 'worker' })], [Note]);
  await handle.finished(WAIT);
  expect(seen).toEqual(['x']);
});
