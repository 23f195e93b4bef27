import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type INestApplicationContext,
  Inject,
  Injectable,
  Logger,
  type LoggerService,
  Module,
  type ModuleMetadata,
  Optional,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Job,
  type JobOptions,
  JobSchedulerModule,
  type JobSchedulerOptions,
  JobService,
  JobStep,
  OnJobEvent,
  defineJob,
} from 'nestjs-job-scheduler';

const warnings: unknown[] = [];
const logger = {
  log: () => undefined,
  warn: (message: unknown) => warnings.push(message),
  error: () => undefined,
} as LoggerService;

let app: INestApplicationContext | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
  warnings.length = 0;
  Logger.overrideLogger(false);
});

async function boot(metadata: ModuleMetadata): Promise<INestApplicationContext> {
  class App {}
  Module(metadata)(App);
  app = await NestFactory.createApplicationContext(App, { logger, abortOnError: false });
  return app;
}

const withJobs = (...providers: NonNullable<ModuleMetadata['providers']>) =>
  boot({ imports: [JobSchedulerModule.forRoot()], providers });

const unset = (options: JobOptions) => {
  @Injectable()
  class Mailer {
    @Job({ name: 'send', ...options } as JobOptions & { schema?: undefined }) send() {}
  }
  return Mailer;
};

describe('classes that make the options', () => {
  it('refuses one without the method, and names it', async () => {
    class Options {
      createOptions = () => ({});
    }
    const imports = [JobSchedulerModule.forRootAsync({ useClass: Options as never })];
    await expect(boot({ imports })).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringContaining('Options has no method createJobSchedulerOptions()'),
    });
  });
});

describe('options that are undefined', () => {
  it.each<[string, JobOptions]>([
    ['schedule', { schedule: process.env.NO_SUCH_VARIABLE }],
    ['schedule.cron', { schedule: { cron: undefined, every: '1h' } }],
    ['schedule[1]', { schedule: ['@daily', undefined as unknown as string] }],
    ['onFail', { onFail: undefined }],
    ['schema', { schema: undefined }],
    ['name', { name: undefined }],
    ['overlap.key', { overlap: { policy: 'wait', key: undefined as never } }],
    ['retry.max', { retry: { max: undefined } }],
  ])('stop the boot with %s written out in @Job()', async (path, options) => {
    await expect(withJobs(unset(options))).rejects.toThrow(
      `Mailer.send: ${path}: It is written out, but undefined: a variable that is not set, or an import in a circle`,
    );
  });

  it('stop the boot in @JobStep(), and are refused by register()', async () => {
    @Job({ name: 'steps' })
    class Steps {
      @JobStep({ timeout: undefined }) only() {}
    }
    await expect(withJobs(Steps)).rejects.toThrow('Steps.only: timeout: It is written out, but undefined');
    const jobs = (await withJobs()).get(JobService);
    expect(() => jobs.register({ name: 'late', queue: undefined }, () => 1)).toThrow(
      'register("late"): queue: It is written out, but undefined',
    );
  });

  it('are no fault in a payload, in a contract, nor in the overrides of the module', async () => {
    @Job(defineJob('plain'), { schedule: { every: '1h', payload: { day: undefined } } })
    class Plain {
      run() {}
    }
    await boot({
      imports: [JobSchedulerModule.forRoot({ jobs: { plain: { timeout: undefined } } })],
      providers: [Plain],
    });
    await app!.close();
    const overridden = JobSchedulerModule.forRoot({ jobs: { send: { schedule: '@daily' } } });
    await boot({ imports: [overridden], providers: [unset({ schedule: undefined })] });
    expect(app!.get(JobService).getJobs()).toEqual([expect.objectContaining({ name: 'send' })]);
  });

  it('stop the boot when the connection or all that a factory gives is undefined', async () => {
    await expect(
      boot({ imports: [JobSchedulerModule.forRoot({ connection: process.env.NO_SUCH_URL })] }),
    ).rejects.toThrow('connection: It is undefined: a variable that is not set?');
    const nothing = { useFactory: () => undefined as unknown as JobSchedulerOptions };
    await expect(boot({ imports: [JobSchedulerModule.forRootAsync(nothing)] })).rejects.toThrow(
      'forRoot: undefined is not an object of options. A factory must return them.',
    );
  });
});

describe('classes that Nest cannot make', () => {
  class Db {}
  it('stop the boot when their constructor takes what Nest was not told of', async () => {
    class Mailer {
      constructor(readonly db: Db) {}
      @Job() send() {}
    }
    class Alerts {
      constructor(readonly db: Db) {}
      @OnJobEvent('failed') onFailed() {}
    }
    const error = (await withJobs(Mailer, Alerts, Db).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toContain('Mailer: Nest cannot know what its constructor takes at index [0]');
    expect(error.message).toContain('Alerts: Nest cannot know');
    expect(error.message).toContain('Put @Injectable() on the class');
  });

  it('boot when each parameter is injected, optional or has a default, or the instance is made elsewhere', async () => {
    class Injected {
      constructor(
        @Inject(Db) readonly db: Db,
        @Optional() readonly other?: string,
      ) {}
      @Job() send() {}
    }
    class Defaulted {
      constructor(readonly size = 3) {}
      @Job() send() {}
    }
    class Made {
      constructor(readonly db: Db) {}
      @Job() send() {}
    }
    await withJobs(Injected, Defaulted, Db, { provide: Made, useFactory: () => new Made(new Db()) });
    expect(app!.get(JobService).getJobs()).toHaveLength(3);
  });
});

describe('names', () => {
  it('of one or two letters, as minifiers make them, are told of at boot', async () => {
    class a {
      @Job() send() {}
      @Job({ name: 'named' }) other() {}
    }
    @Job()
    class _t {
      run() {}
    }
    @Job()
    class Three {
      run() {}
    }
    await withJobs(a, _t, Three);
    expect(warnings).toEqual([expect.stringContaining('as minifiers make them: a.send, _t. ')]);
  });

  it('that two classes share stop the boot', async () => {
    const made = () => {
      @Job()
      class Report {
        run() {}
      }
      return Report;
    };
    await expect(withJobs(made(), made())).rejects.toThrow('Two classes of this name declare job "Report"');
  });

  it('given as a text to @Job() or register() stop with what to write', async () => {
    @Injectable()
    class Mailer {
      @Job('send' as never) send() {}
      @Job(undefined) sendMore() {}
    }
    const error = (await withJobs(Mailer).catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toContain(
      'Mailer.send: @Job("send") has a text for its options. Write @Job({ name: "send" }).',
    );
    expect(error.message).toContain('Mailer.sendMore: @Job() is given undefined.');
    const jobs = (await withJobs()).get(JobService);
    expect(() => jobs.register('send' as never, () => 1)).toThrow('"send" is no options. Write register({ name:');
  });
});

describe('the module', () => {
  it.each([
    ['in the importing module', true],
    ['in a feature module', false],
  ])('imported without forRoot() names it, with a JobService injected %s', async (_where, isRoot) => {
    @Injectable()
    class Mailer {
      constructor(readonly jobs: JobService) {}
    }
    class Feature {}
    Module({ providers: [Mailer], imports: isRoot ? [] : [JobSchedulerModule] })(Feature);
    const error = boot({ imports: [Feature, JobSchedulerModule], providers: isRoot ? [Mailer] : [] });
    await expect(error).rejects.toThrow('JobSchedulerModule.forRoot(');
  });

  it('refuses a queue for @InjectQueue that it does not have', async () => {
    const module = JobSchedulerModule.forRootAsync({
      queueNames: ['mails', 'default'],
      useFactory: () => ({ queues: { mail: 1, default: 1 } }),
    });
    await expect(boot({ imports: [module] })).rejects.toThrow(
      'queueNames: "mails" is none of the `queues`. Did you mean "mail"?',
    );
  });

  it('warns in production that jobs in memory end with the process', async () => {
    const before = process.env.NODE_ENV;
    try {
      process.env.NODE_ENV = 'production';
      await withJobs();
    } finally {
      process.env.NODE_ENV = before;
    }
    expect(warnings).toEqual([expect.stringContaining('Jobs are kept in memory: they end with this process')]);
  });
});
