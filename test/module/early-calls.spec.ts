/** Calls in hooks of other modules, which Nest may call before the library's own. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Global, Inject, Injectable, Logger, Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { InjectQueue } from '@nestjs/bullmq';
import { NestFactory } from '@nestjs/core';
import type { Queue } from 'bullmq';
import {
  Job,
  JobSchedulerModule,
  JobService,
  LockService,
  ScheduleService,
  type JobHandle,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import { WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';
import { freePort } from '../support/servers.mjs';

Logger.overrideLogger(false);

const apps: INestApplicationContext[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

@Job()
class Echo {
  async run(text: string) {
    return text;
  }
}

type Hook = 'onModuleInit' | 'onApplicationBootstrap';

/** What a feature does as soon as it can. */
@Injectable()
class Feature {
  readonly handles: JobHandle[] = [];
  runningThen: boolean | undefined;

  constructor(
    @Inject('HOOK') private readonly hook: Hook,
    private readonly jobs: JobService,
    private readonly schedules: ScheduleService,
    private readonly locks: LockService,
    @InjectQueue('default') private readonly queue: Queue,
  ) {}

  async onModuleInit() {
    if (this.hook === 'onModuleInit') await this.use();
  }

  async onApplicationBootstrap() {
    if (this.hook === 'onApplicationBootstrap') await this.use();
  }

  private async use() {
    const [lock, , , many, ...handles] = await Promise.all([
      this.locks.acquire('feature', '1m'),
      this.schedules.create({ id: 'yearly', job: Echo, cron: '0 0 1 1 *', payload: 'x' }),
      this.queue.getWaitingCount(),
      this.jobs.enqueueMany([{ job: Echo, payload: 'two' }]),
      this.jobs.enqueue(Echo, 'one'),
      this.jobs.enqueueIn(Echo, 'later', '1h'),
      this.jobs.trigger(Echo, 'by hand'),
    ]);
    await lock?.release();
    this.runningThen = this.jobs.isRunning;
    this.handles.push(...handles, ...many);
  }
}

async function start(
  hook: Hook,
  place: 'first' | 'last' | 'global first',
  options: JobSchedulerOptions = {},
  providers: Type[] = [],
) {
  @Module({ providers: [Feature, { provide: 'HOOK', useValue: hook }] })
  class FeatureModule {}
  if (place === 'global first') Global()(FeatureModule);
  const ours = JobSchedulerModule.forRoot({ connection: 'memory:', prefix: randomPrefix(), ...options });
  const imports = place === 'first' || place === 'global first' ? [FeatureModule, ours] : [ours, FeatureModule];
  const app = await NestFactory.createApplicationContext(
    { module: class App {}, imports, providers: [Echo, ...providers] },
    { abortOnError: false, logger: false },
  );
  apps.push(app);
  return { jobs: app.get(JobService), feature: app.get(Feature, { strict: false }) };
}

describe.each(['onModuleInit', 'onApplicationBootstrap'] as const)('calls in %s', (hook) => {
  it.each(['first', 'last', 'global first'] as const)('work in a module that is imported %s', async (place) => {
    const { feature, jobs } = await start(hook, place);
    const [now, later, byHand, many] = feature.handles;
    expect(await now!.finished(WAIT)).toBe('one');
    expect(await byHand!.finished(WAIT)).toBe('by hand');
    expect(await many!.finished(WAIT)).toBe('two');
    expect(await jobs.getStatus(later!.id)).toBe('pending');
    expect((await jobs.getScheduled()).map(({ id }) => id)).toEqual(['yearly']);
  });
});

it('calls in onModuleInit start nothing: that is for bootstrap, autoStart and the role to say', async () => {
  const { feature } = await start('onModuleInit', 'first');
  expect(feature.runningThen).toBe(false);
  const held = await start('onModuleInit', 'first', { autoStart: false });
  expect(held.jobs.isRunning).toBe(false);
  expect(await held.jobs.getStatus(held.feature.handles[0]!.id)).toBe('pending');
  const producer = await start('onModuleInit', 'first', { role: 'producer' });
  expect(producer.jobs.isRunning).toBe(false);
  expect(await producer.jobs.getStatus(producer.feature.handles[0]!.id)).toBe('pending');
});

it('a call in onModuleInit rejects as the boot would when the store is away', async () => {
  const connection = `redis://127.0.0.1:${await freePort()}`;
  await expect(start('onModuleInit', 'first', { connection })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

it('listeners to an injected queue, added before the store is open, hear of it', async () => {
  const heard: string[] = [];
  @Injectable()
  class Watching {
    constructor(@InjectQueue('default') readonly queue: Queue) {
      queue.on('waiting', ({ name }) => heard.push(name)).once('waiting', () => heard.push('once'));
      expect(() => queue.on('waiting', 'nothing' as never)).toThrow('must be of type function');
    }
  }
  const { jobs } = await start('onApplicationBootstrap', 'last', { autoStart: false }, [Watching]);
  await jobs.enqueue(Echo, 'x');
  expect(heard).toContain('once');
  expect(heard).toContain('Echo');
});

it('those who wait for a lock since onModuleInit get it in the order in which they came, as do later ones', async () => {
  const order: number[] = [];
  const waits: Promise<void>[] = [];
  @Injectable()
  class Waiting {
    constructor(private readonly locks: LockService) {}
    take(number: number) {
      waits.push(
        this.locks.withLock('one', '1m', async () => {
          order.push(number);
          await Promise.resolve();
        }),
      );
    }
    onModuleInit() {
      for (const number of [1, 2, 3]) this.take(number);
    }
  }
  const ours = JobSchedulerModule.forRoot({ connection: 'memory:', prefix: randomPrefix() });
  @Module({ providers: [Waiting] })
  class First {}
  const app = await NestFactory.createApplicationContext(
    { module: class App {}, imports: [First, ours] },
    { abortOnError: false, logger: false },
  );
  apps.push(app);
  app.get(Waiting, { strict: false }).take(4);
  await Promise.all(waits);
  expect(order).toEqual([1, 2, 3, 4]);
});
