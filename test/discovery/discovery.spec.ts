import {
  type CanActivate,
  Controller,
  Global,
  Inject,
  Injectable,
  Module,
  Scope,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, REQUEST } from '@nestjs/core';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import type { JobContext, JobFailure } from '../../libs/job-scheduler/src/definition/job-context.js';
import { defineJob } from '../../libs/job-scheduler/src/definition/define-job.js';
import type { JobOptions } from '../../libs/job-scheduler/src/definition/job-options.js';
import { Job } from '../../libs/job-scheduler/src/decorators/job.decorator.js';
import { JobStep } from '../../libs/job-scheduler/src/decorators/job-step.decorator.js';
import { OnJobFail } from '../../libs/job-scheduler/src/decorators/on-job-fail.decorator.js';
import { type DiscoveredApp, attempt, faultsOf, startApp } from './support.js';

let started: DiscoveredApp | undefined;

afterEach(async () => {
  await started?.app.close();
  started = undefined;
});

async function discover(...args: Parameters<typeof startApp>) {
  started = await startApp(...args);
  await started.discover();
  return started.registry;
}

@Job({ name: 'a' })
class A {
  run() {
    return 'a';
  }
}

/** A provider with one method job of these options. */
function mailer(options: JobOptions) {
  @Injectable()
  class Mailer {
    @Job(options as JobOptions & { schema?: undefined })
    send() {}
  }
  return Mailer;
}

/** What libraries for context-local storage provide: it may not be looked at outside its context. */
function proxy(isOutside: () => boolean): object {
  const get = () => {
    if (isOutside()) throw new Error('out of context');
  };
  return new Proxy({}, { get });
}

describe('what is found', () => {
  it('finds classes with run(), classes with steps, and methods, in all modules', async () => {
    @Job({ queue: 'low' })
    class Report {
      @JobStep({ order: 2 }) third() {}
      @JobStep() first() {}
      @JobStep({ name: 'zwei', order: 1, timeout: '5s', retry: 2 }) second() {}
    }
    @Injectable()
    class Mailer {
      @Job() welcome() {}
      @Job({ name: 'bye' }) goodbye() {}
      helper() {}
    }
    @Module({ providers: [Report, Mailer] })
    class Feature {}
    const registry = await discover({ imports: [Feature], providers: [A] });
    expect(registry.names().toSorted()).toEqual(['Mailer.welcome', 'Report', 'a', 'bye']);
    const { definition } = registry.require(Report);
    expect(definition).toMatchObject({ name: 'Report', source: 'Report', queue: 'low', timeout: 300_000 });
    expect(definition.steps).toEqual([
      { name: 'first', method: 'first', timeout: undefined, retry: expect.objectContaining({ max: 0 }) },
      { name: 'zwei', method: 'second', timeout: 5000, retry: expect.objectContaining({ max: 2 }) },
      { name: 'third', method: 'third', timeout: undefined, retry: expect.objectContaining({ max: 0 }) },
    ]);
    expect(registry.require([Mailer, 'goodbye']).definition.source).toBe('Mailer.goodbye');
  });

  it('takes name and schema from a contract', async () => {
    const contract = defineJob('image.resize', { schema: z.object({ url: z.string() }) });
    @Job(contract, { retry: 5 })
    class Resize {
      run(_: { url: string }) {}
    }
    const registry = await discover({ providers: [Resize] });
    const { definition } = registry.require(contract);
    expect(definition).toMatchObject({ name: 'image.resize', schema: contract.schema, retry: { max: 5 } });
    expect(registry.require(Resize).definition).toBe(definition);
  });

  it('skips aliases, and factories that give the instance of another provider', async () => {
    const registry = await discover({
      providers: [A, { provide: 'ALIAS', useExisting: A }, { provide: 'SAME', useFactory: (a: A) => a, inject: [A] }],
    });
    expect(registry.names()).toEqual(['a']);
  });

  it('skips aliases of request-scoped jobs, also under the token of another job', async () => {
    @Job({ name: 'scoped' })
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      run() {}
    }
    const registry = await discover({ providers: [Scoped, { provide: A, useExisting: Scoped }] });
    expect(registry.names()).toEqual(['scoped']);
  });

  it('finds instances that factories and values give, by their class', async () => {
    @Job()
    class Made {
      constructor(readonly word: string) {}
      run() {
        return this.word;
      }
    }
    @Injectable()
    class Given {
      @Job() send() {
        return 'given';
      }
    }
    let outside = false;
    started = await startApp({
      providers: [
        { provide: 'MADE', useFactory: async () => new Made('made') },
        { provide: Given, useValue: new Given() },
        { provide: 'NOTHING', useFactory: () => null },
        { provide: 'PLAIN', useValue: { run: () => 1 } },
        { provide: 'BARE', useValue: Object.create(null) },
        { provide: 'TEXT', useValue: 'x' },
        { provide: 'PROXY', useValue: proxy(() => outside) },
      ],
    });
    outside = true;
    await started.discover();
    // Nest looks at it when it closes the app.
    outside = false;
    const { registry } = started;
    expect(registry.names().toSorted()).toEqual(['Given.send', 'Made']);
    expect(await attempt(registry.require(Made), undefined)).toBe('made');
    expect(await attempt(registry.require([Given, 'send']), undefined)).toBe('given');
  });

  it('passes over values that answer to everything, or whose constructor is no class', async () => {
    const answers = (property: PropertyKey): unknown => (property === 'then' ? undefined : () => undefined);
    const universal = new Proxy({}, { get: (_, property) => answers(property) });
    const odd = { constructor: () => undefined };
    const registry = await discover({
      providers: [
        A,
        { provide: 'universal', useValue: universal },
        { provide: 'odd', useValue: odd },
        { provide: 'bare', useValue: Object.create(null) },
      ],
    });
    expect(registry.names()).toEqual(['a']);
  });

  it('leaves out a job whose factory gives nothing', async () => {
    const registry = await discover({ providers: [{ provide: A, useFactory: () => undefined }] });
    expect(registry.names()).toEqual([]);
    expect(() => registry.require(A)).toThrow('The class A declares a job, but no module of this app provides it.');
  });

  it('takes methods of a base class, and its steps before those of the class', async () => {
    abstract class Base {
      @JobStep() open() {}
      @JobStep() close() {}
    }
    @Job()
    class Derived extends Base {
      @JobStep() work() {}
      override open() {
        return 'derived';
      }
    }
    abstract class Sender {
      @Job() send() {}
    }
    @Injectable()
    class MailSender extends Sender {}
    const registry = await discover({ providers: [Derived, MailSender] });
    expect(registry.require(Derived).definition.steps.map(({ name }) => name)).toEqual(['open', 'close', 'work']);
    expect(registry.names()).toContain('MailSender.send');
  });

  it('leaves a base class as it was', async () => {
    class Base {
      @JobStep() one() {}
    }
    @Job()
    class First extends Base {
      @JobStep() two() {}
    }
    @Job()
    class Second extends Base {
      run() {}
      @JobStep() override one() {}
    }
    expect(await faultsOf({ providers: [First] })).toEqual([]);
    expect(await faultsOf({ providers: [Second] })).toEqual([expect.stringContaining('run() and @JobStep()')]);
  });

  it('takes what stands in for a class: useClass, useValue, and what a test overrides', async () => {
    class Fake {
      run() {
        return 'fake';
      }
    }
    @Job({ name: 'own' })
    class Own extends A {}
    const forClass = await discover({ providers: [{ provide: A, useClass: Fake }] });
    expect(await attempt(forClass.require(A), 1)).toBe('fake');
    expect(await attempt(forClass.require(Fake), 1)).toBe('fake');
    await started!.app.close();

    const forOwn = await discover({ providers: [{ provide: A, useClass: Own }] });
    expect(forOwn.names()).toEqual(['own']);
    expect(forOwn.require(A)).toBe(forOwn.require(Own));
    await started!.app.close();

    const overridden = await discover({ providers: [A] }, {}, (builder) => builder.overrideProvider(A).useClass(Fake));
    expect(await attempt(overridden.require(A), 1)).toBe('fake');
    await started!.app.close();

    const byValue = await discover({ providers: [A] }, {}, (builder) =>
      builder.overrideProvider(A).useValue({ run: () => 'value' }),
    );
    expect(await attempt(byValue.require(A), 1)).toBe('value');
  });

  it('lets configuration override decorators by name', async () => {
    @Job({ name: 'report', schedule: '0 2 * * *', queue: 'low', timeout: '1m' })
    class Report {
      run() {}
    }
    const registry = await discover(
      { providers: [Report] },
      { jobs: { report: { schedule: { every: '15m', payload: { day: 1 } }, enabled: false, timeout: undefined } } },
    );
    const { definition } = registry.require('report');
    expect(definition).toMatchObject({ enabled: false, queue: 'low', timeout: 60_000 });
    expect(definition.schedules).toEqual([
      { id: 'code:report', payload: { day: 1 }, spec: expect.objectContaining({ kind: 'interval', every: 900_000 }) },
    ]);
  });

  it('freezes definitions and fills in every default', async () => {
    const registry = await discover({ providers: [A] });
    const { definition } = registry.require('a');
    expect(definition).toMatchObject({
      description: undefined,
      schedules: [],
      runOnStart: false,
      enabled: true,
      queue: 'default',
      priority: 0,
      concurrency: undefined,
      retry: { max: 3, backoff: 'exponential', delay: 1000 },
      overlap: { policy: 'allow', key: undefined },
      misfire: 'skip',
      misfireThreshold: 60_000,
      maxCatchUp: 100,
      unique: undefined,
      retention: { count: 100 },
      onShutdown: 'wait',
      schema: undefined,
      onFail: undefined,
      steps: [],
    });
    expect(Object.isFrozen(definition)).toBe(true);
    expect([definition.schedules, definition.steps, definition.overlap].every((each) => Object.isFrozen(each))).toBe(
      true,
    );
  });

  it('takes all options, and tells which nothing acts on yet', async () => {
    const key = (payload: { id: string }) => payload.id;
    @Job({
      name: 'full',
      description: 'all of them',
      schedule: ['@daily', { cron: '0 9 * * mon', timezone: 'Europe/Berlin', payload: { a: 1 } }],
      timezone: 'America/New_York',
      runOnStart: true,
      queue: 'critical',
      priority: -5,
      concurrency: 2,
      overlap: { policy: 'skip', key },
      misfire: 'all',
      misfireThreshold: '2m',
      maxCatchUp: 3,
      unique: { key, for: '1h' },
      retention: { age: '1d' },
      onShutdown: 'abort',
      onFail: A,
    })
    class Full {
      run() {}
    }
    const registry = await discover({ providers: [Full, A] });
    const { definition } = registry.require('full');
    expect(definition).toMatchObject({
      description: 'all of them',
      runOnStart: true,
      priority: -5,
      concurrency: 2,
      overlap: { policy: 'skip', key },
      misfire: 'all',
      misfireThreshold: 120_000,
      maxCatchUp: 3,
      unique: { key, for: 3_600_000 },
      retention: { count: 100, age: 86_400_000, failed: 30 * 86_400_000 },
      onShutdown: 'abort',
      onFail: A,
    });
    expect(definition.schedules.map(({ id, spec, payload }) => [id, spec.timezone, payload])).toEqual([
      ['code:full', 'America/New_York', undefined],
      ['code:full#2', 'Europe/Berlin', { a: 1 }],
    ]);
  });

  it('tells @OnJobFail for each method job of its class', async () => {
    const told: string[] = [];
    @Injectable()
    class Mailer {
      @Job() one() {}
      @Job() two() {}
      @OnJobFail() tell({ job }: JobFailure) {
        told.push(job);
      }
    }
    const registry = await discover({ providers: [Mailer] });
    for (const job of registry.all()) await job.invoker.onFail!({ job: job.definition.name } as JobFailure);
    expect(told).toEqual(['Mailer.one', 'Mailer.two']);
  });
});

describe('faults of classes', () => {
  it('reports all faults of all jobs at once, by class and method', async () => {
    @Job()
    class Both {
      run() {}
      @JobStep() step() {}
    }
    @Job()
    class Neither {}
    @Injectable()
    class Mailer {
      @Job({ queue: 'critcal', timeout: '5 minuts' }) send() {}
      @Job({ retry: -1 }) resend() {}
    }
    const faults = await faultsOf({ providers: [Both, Neither, Mailer] });
    expect(faults).toEqual([
      expect.stringMatching(/^Both: It has run\(\) and @JobStep\(\) methods \(step\)/),
      expect.stringMatching(/^Neither: It has neither run\(payload, ctx\) nor @JobStep\(\)/),
      expect.stringMatching(/^Mailer\.send: queue: Queue "critcal" is not configured\. Did you mean "critical"\?/),
      expect.stringMatching(/^Mailer\.send: timeout: "5 minuts" is not a duration/),
      expect.stringMatching(/^Mailer\.resend: retry: -1 is not allowed/),
    ]);
  });

  it('refuses two jobs of one name', async () => {
    const faults = await faultsOf({ providers: [A, mailer({ name: 'a' })] });
    expect(faults).toEqual(['Mailer.send: name: Job "a" is declared by A too. Give one of them another name.']);
  });

  it('refuses two schedules of one id: the second one of a job, and that of a job with its name and "#2"', async () => {
    const twice = mailer({ name: 'a', schedule: ['@daily', '@hourly'] });
    @Job({ name: 'a#2', schedule: '@weekly' })
    class Second {
      run() {}
    }
    const problem = (job: string) =>
      `schedule: Its id "code:a#2" is that of a schedule of job "${job}", too. Give one of the two jobs another name.`;
    expect(await faultsOf({ providers: [twice, Second] })).toEqual([`Second: ${problem('a')}`]);
    expect(await faultsOf({ providers: [Second, twice] })).toEqual([`Mailer.send: ${problem('a#2')}`]);
    @Job({ name: 'a#2' })
    class Unscheduled {
      run() {}
    }
    expect(await faultsOf({ providers: [twice, Unscheduled] })).toEqual([]);
    const registry = await discover({ providers: [twice] });
    expect(() => registry.register({ name: 'a#2', schedule: '@weekly' }, () => 1)).toThrow(
      `register("a#2"): ${problem('a')}`,
    );
    expect(registry.names()).toEqual(['a']);
  });

  it('refuses a class that is provided in two modules, and names both', async () => {
    @Module({ providers: [A] })
    class One {}
    @Module({ providers: [A] })
    class Two {}
    expect(await faultsOf({ imports: [One, Two] })).toEqual([
      expect.stringMatching(/^A: It is provided 2 times: in One \(as A\) and Two \(as A\)/),
    ]);
    expect(await faultsOf({ providers: [A, { provide: 'B', useClass: A }] })).toEqual([
      expect.stringMatching(/^A: It is provided 2 times: in AppModule \(as A\) and AppModule \(as B\)/),
    ]);
  });

  it('finds a class of a global module that many import once', async () => {
    @Global()
    @Module({ providers: [A], exports: [A] })
    class Shared {}
    @Module({ imports: [Shared] })
    class Feature {}
    expect(await faultsOf({ imports: [Shared, Feature] })).toEqual([]);
  });

  it('refuses an undecorated subclass of a job, and takes it where it stands in for the job', async () => {
    @Injectable()
    class Sub extends A {}
    expect(await faultsOf({ providers: [Sub] })).toEqual([
      expect.stringMatching(/^Sub: It extends A, which is a @Job\(\), but has no @Job\(\) of its own\. Add @Job/),
    ]);
    expect(await faultsOf({ providers: [{ provide: A, useClass: Sub }] })).toEqual([]);
  });

  it('refuses a factory of a job with a scope', async () => {
    const faults = await faultsOf({
      providers: [
        { provide: A, useFactory: () => new A(), scope: Scope.REQUEST },
        { provide: 'OTHER', useFactory: () => ({}), scope: Scope.REQUEST },
        { provide: 'BY_DEPENDENCY', useFactory: () => ({}), inject: [REQUEST] },
      ],
    });
    expect(faults).toEqual([expect.stringMatching(/^A: It is provided by a request-scoped or transient factory/)]);
  });

  it('refuses jobs on a controller, and on a guard that is no provider', async () => {
    @Controller()
    class Api {
      @Job() send() {}
    }
    @Injectable()
    class Guard implements CanActivate {
      canActivate() {
        return true;
      }
      @Job() clean() {}
    }
    @UseGuards(Guard)
    @Controller()
    class Other {}
    expect(await faultsOf({ controllers: [Api, Other] })).toEqual([
      expect.stringMatching(/^Api: It declares jobs, but is a controller/),
      expect.stringMatching(/^Guard: It declares jobs, but is known to Nest as a guard/),
    ]);
    expect(await faultsOf({ controllers: [Other], providers: [Guard] })).toEqual([]);
  });

  it('refuses decorators that do not go together', async () => {
    @Job()
    class ClassAndMethod {
      run() {}
      @Job() send() {}
    }
    @Injectable()
    class StepsBesideMethods {
      @Job() send() {}
      @JobStep() step() {}
    }
    @Injectable()
    class StepsWithoutJob {
      @JobStep() step() {}
    }
    @Injectable()
    class FailWithoutJob {
      @OnJobFail() tell() {}
    }
    @Injectable()
    class OnOneMethod {
      @Job() @JobStep() send() {}
    }
    @Job({ name: 'x' })
    @Job({ name: 'y' })
    class Twice {
      run() {}
    }
    const providers = [ClassAndMethod, StepsBesideMethods, StepsWithoutJob, FailWithoutJob, OnOneMethod, Twice];
    expect(await faultsOf({ providers })).toEqual([
      expect.stringMatching(/^ClassAndMethod: It has @Job\(\) on the class and on methods \(send\)/),
      expect.stringMatching(
        /^StepsBesideMethods: It has @Job\(\) on methods \(send\) and @JobStep\(\) on others \(step\)/,
      ),
      expect.stringMatching(/^StepsWithoutJob: It has @JobStep\(\) methods \(step\), but no @Job\(\)/),
      expect.stringMatching(/^FailWithoutJob: It has an @OnJobFail\(\) method \(tell\), but no @Job\(\)/),
      expect.stringMatching(/^OnOneMethod\.send: It has @JobStep\(\) and @Job\(\)\. A method has one of them/),
      expect.stringMatching(/^Twice: It has several @Job\(\) decorators/),
    ]);
  });

  it('refuses static methods, symbols, and what is not a method', async () => {
    const secret = Symbol('secret');
    @Injectable()
    class Odd {
      @Job() static clean() {}
      @Job() [secret]() {}
    }
    class NoMethod {}
    (Job() as PropertyDecorator)(NoMethod.prototype, 'field');
    expect(await faultsOf({ providers: [Odd, NoMethod] })).toEqual([
      'Odd.Symbol(secret): @Job() cannot stand on a symbol: give the method a name.',
      'Odd.clean: @Job() cannot stand on a static method. Make it an instance method.',
      'NoMethod.field: @Job() stands on something that is not a method. Make it a method.',
    ]);
  });

  it('refuses a stand-in without the method', async () => {
    const Mailer = mailer({});
    const override = await faultsOf({ providers: [Mailer] }, {}, (b) => b.overrideProvider(Mailer).useValue({}));
    expect(override).toEqual([
      'Mailer.send: It has @Job(), but an object, which is provided for Mailer, has no such method. Add it.',
    ]);
  });

  it('names the class whose run() is a getter that throws', async () => {
    @Job({ name: 'getter' })
    class Getter {
      get run(): () => void {
        throw new Error('not yet');
      }
    }
    expect(await faultsOf({ providers: [Getter] })).toEqual([expect.stringContaining('Getter')]);
  });

  it('takes a run() that an instance has as a field', async () => {
    @Job({ name: 'field' })
    class Field {
      run = () => 'ran';
    }
    const registry = await discover({ providers: [Field] });
    expect(await attempt(registry.require(Field), 1)).toBe('ran');
  });

  it('refuses two @OnJobFail methods, one beside onFail, and enhancers on one', async () => {
    @Injectable()
    class Guard implements CanActivate {
      canActivate() {
        return true;
      }
    }
    @Job()
    class Two {
      run() {}
      @OnJobFail() one() {}
      @OnJobFail() two() {}
    }
    @Job({ onFail: 'a' })
    class Beside {
      run() {}
      @OnJobFail() @UseGuards(Guard) tell() {}
    }
    expect(await faultsOf({ providers: [A, Two, Beside] })).toEqual([
      'Two: It has 2 @OnJobFail() methods: one, two. Keep one.',
      'Beside: onFail: The class has an @OnJobFail() method (tell) too. Keep one of them.',
      'Beside.tell: @UseGuards has no effect on an @OnJobFail() method. Remove it.',
    ]);
  });

  it('asks an anonymous class for a name', async () => {
    const anonymous = (() =>
      class {
        run() {}
      })();
    Job()(anonymous);
    expect(await faultsOf({ providers: [anonymous] })).toEqual([
      expect.stringMatching(/^an anonymous class: name: "" is not a job's name/),
    ]);
  });
});

describe('faults of enhancers', () => {
  @Injectable()
  class Guard implements CanActivate {
    canActivate() {
      return true;
    }
  }
  @Injectable({ scope: Scope.TRANSIENT })
  class TransientGuard extends Guard {}
  @Injectable({ scope: Scope.REQUEST })
  class RequestGuard extends Guard {
    constructor(@Inject(REQUEST) readonly request: unknown) {
      super();
    }
  }
  @Job({ name: 'guarded' })
  @UseGuards(Guard)
  class Guarded {
    run() {}
  }

  it('refuses a guard class that Nest does not make, on a value or factory', async () => {
    expect(await faultsOf({ providers: [{ provide: Guarded, useValue: new Guarded() }] })).toEqual([
      expect.stringMatching(/^Guarded: Nest does not make the guard Guard for it/),
    ]);
    @Job({ name: 'instance' })
    @UseGuards(new Guard())
    class ByInstance {
      run() {}
    }
    expect(await faultsOf({ providers: [{ provide: 'X', useFactory: () => new ByInstance() }] })).toEqual([]);
  });

  it('refuses transient enhancers where nobody would make them', async () => {
    @Job({ name: 'transient' })
    @UseGuards(TransientGuard)
    class WithTransient {
      run() {}
    }
    const on = { globalEnhancers: true };
    const transient = { providers: [Guarded, A, { provide: APP_GUARD, useClass: TransientGuard }] };
    expect(await faultsOf(transient)).toEqual([]);
    expect(await faultsOf(transient, on)).toEqual([
      expect.stringMatching(/^Guarded: With globalEnhancers, .*APP_GUARD.* is transient/),
      expect.stringMatching(/^A: With globalEnhancers, .*APP_GUARD.* is transient/),
    ]);
    const together = { providers: [WithTransient, { provide: APP_GUARD, useClass: RequestGuard }] };
    expect(await faultsOf(together)).toEqual([]);
    expect(await faultsOf(together, on)).toEqual([
      expect.stringMatching(/^WithTransient: Its transient enhancer TransientGuard cannot run together/),
    ]);
    expect(await faultsOf({ providers: [WithTransient] })).toEqual([]);
  });

  it('does not mind enhancers elsewhere', async () => {
    @Controller()
    @UseInterceptors(TransientGuard as never)
    class Api {}
    expect(
      await faultsOf({
        controllers: [Api],
        providers: [A, { provide: APP_INTERCEPTOR, useClass: RequestGuard as never }],
      }),
    ).toEqual([]);
  });
});

describe('faults of options', () => {
  it.each<[string, JobOptions, RegExp]>([
    ['a queue', { queue: 'lowest' }, /^Mailer\.send: queue: Queue "lowest" is not configured/],
    ['a queue that is no text', { queue: 3 as never }, /queue: 3 is not a queue's name/],
    ['a duration', { timeout: '0s' }, /timeout: "0s" is too short/],
    ['a retry', { retry: { delay: 'soon' } }, /retry\.delay: "soon" is not a duration/],
    [
      'a retry option',
      { retry: { dely: 1 } as never },
      /retry\.dely: There is no such option\. Did you mean "delay"\?/,
    ],
    ['a priority', { priority: 1.5 }, /priority: 1\.5 is not allowed/],
    ['a concurrency', { concurrency: 0 }, /concurrency: 0 is not allowed/],
    [
      'a time zone',
      { timezone: 'Europe/Belin' },
      /timezone: "Europe\/Belin" is not a time zone\. Did you mean "Europe\/Berlin"\?/,
    ],
    ['a schedule', { schedule: '0 25 * * *' }, /schedule: /],
    ['one of several schedules', { schedule: ['@daily', 'every 10ms'] }, /schedule\[1\]: .*too often/],
    ["a schedule's zone", { schedule: { cron: '@daily', timezone: 'Mars' } }, /schedule: "Mars" is not a time zone/],
    [
      "a schedule's payload",
      { schedule: { every: '1m', payload: { at: () => 1 } } },
      /schedule\.payload: It is not JSON: at is a function/,
    ],
    ['an overlap', { overlap: 'skipp' as never }, /overlap: "skipp" is not allowed\. Did you mean "skip"\?/],
    ['an overlap key', { overlap: { policy: 'skip', key: 'id' as never } }, /overlap\.key: "id" is not a function/],
    ['a misfire', { misfire: 'none' as never }, /misfire: "none" is not allowed/],
    ['a misfire threshold', { misfireThreshold: 'x' }, /misfireThreshold: "x" is not a duration/],
    ['a catch-up bound', { maxCatchUp: 0 }, /maxCatchUp: 0 is not allowed/],
    ['unique', { unique: 'yes' as never }, /unique: "yes" is not an object/],
    ['unique for', { unique: { for: 'x' } }, /unique\.for: "x" is not a duration/],
    ['a retention', { retention: { count: -1 } }, /retention\.count: -1 is not allowed/],
    ['onShutdown', { onShutdown: 'stop' as never }, /onShutdown: "stop" is not allowed/],
    ['a schema', { schema: { parse: () => 1 } as never }, /schema: .* is not a Standard Schema/],
    ['onFail', { onFail: 7 as never }, /onFail: 7 is no job/],
    ['enabled', { enabled: 'no' as never }, /enabled: "no" is not allowed/],
    ['a description', { description: 7 as never }, /description: 7 is not a text/],
    ['a name', { name: ' x' }, /name: " x" is not a job's name/],
    ['a name with a NUL', { name: 'x\0' }, /is not a job's name/],
    ['an option that is none', { timout: '1m' } as never, /timout: There is no such option\. Did you mean "timeout"\?/],
  ])('refuses %s', async (_name, options, expected) => {
    const faults = await faultsOf({ providers: [mailer(options)] });
    expect(faults).toEqual([expect.stringMatching(expected)]);
    expect(faults[0]).toMatch(/^Mailer\.send: /);
  });

  it('refuses payloads of schedules over maxPayload', async () => {
    const Mailer = mailer({ schedule: { every: '1m', payload: 'x'.repeat(100) } });
    expect(await faultsOf({ providers: [Mailer] }, { maxPayload: 64 })).toEqual([
      'Mailer.send: schedule.payload: It has 102 bytes of JSON; maxPayload is 64.',
    ]);
  });

  const asyncSchema: StandardSchemaV1<unknown, number> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) =>
        typeof value === 'number' ? { value } : { issues: [{ message: 'Not a number', path: ['n'] }] },
    },
  };

  it('refuses what a schema refuses of a schedule, also an async one', async () => {
    const zod = mailer({ schema: z.object({ day: z.string() }), schedule: { cron: '@daily', payload: { day: 1 } } });
    expect(await faultsOf({ providers: [zod] })).toEqual([
      expect.stringMatching(/^Mailer\.send: schedule: The schema refuses the payload of "@daily": day: /),
    ]);
    const late = mailer({ schema: asyncSchema, schedule: ['@daily', { every: '1m', payload: 4 }] });
    expect(await faultsOf({ providers: [late] })).toEqual([
      'Mailer.send: schedule: The schema refuses the payload of "@daily": n: Not a number.',
    ]);
  });

  it('refuses steps of one name, and bad step options', async () => {
    @Job()
    class Steps {
      @JobStep({ name: 'two' }) one() {}
      @JobStep() two() {}
      @JobStep({ timeout: 'x', retry: -1, order: Number.NaN }) three() {}
      @JobStep({ name: '' }) four() {}
      @JobStep({ tiemout: 1 } as never) five() {}
    }
    expect(await faultsOf({ providers: [Steps] })).toEqual([
      expect.stringMatching(/^Steps\.three: order: NaN is not a number/),
      expect.stringMatching(/^Steps\.three: timeout: "x" is not a duration/),
      expect.stringMatching(/^Steps\.three: retry: -1 is not allowed/),
      expect.stringMatching(/^Steps\.four: name: "" is not a step's name/),
      expect.stringMatching(/^Steps\.five: tiemout: There is no such option\. Did you mean "timeout"\?/),
      'Steps.two: name: Step "two" is declared by Steps.one too. Step names are unique in a job.',
    ]);
  });

  it('refuses a name or schema beside a contract', async () => {
    const contract = defineJob('c');
    @Job(contract, { name: 'other' } as never)
    class Named {
      run() {}
    }
    expect(await faultsOf({ providers: [Named] })).toEqual(['Named: name: The contract says it. Remove it here.']);
  });

  it('says of an override where it stands, and refuses unknown ones', async () => {
    const jobs = {
      a: { queue: 'lo', retry: { max: -1 }, name: 'b' },
      'a.b': { queue: 'low' },
    };
    expect(await faultsOf({ providers: [A] }, { jobs })).toEqual([
      'jobs["a"].name: A job cannot be renamed here. Remove it.',
      expect.stringMatching(/^jobs\["a"\]\.queue: Queue "lo" is not configured\. Did you mean "low"\?/),
      expect.stringMatching(/^jobs\["a"\]\.retry\.max: -1 is not allowed/),
      'jobs["a.b"]: No job of this name is declared. Did you mean "a"? Declared: a.',
    ]);
    const roles = new Set(['producer'] as const);
    expect(await faultsOf({ providers: [A] }, { jobs: { elsewhere: { queue: 'low' } }, roles })).toEqual([]);
  });

  it('refuses an onFail that names no job, or leads back to the job', async () => {
    class Unprovided {}
    expect(await faultsOf({ providers: [A, mailer({ onFail: 'aa' })] })).toEqual([
      'Mailer.send: onFail: No job "aa" is registered. Did you mean "a"? Registered: a, Mailer.send.',
    ]);
    expect(await faultsOf({ providers: [mailer({ onFail: Unprovided })] })).toEqual([
      expect.stringMatching(/^Mailer\.send: onFail: The class Unprovided is no job/),
    ]);
    @Injectable()
    class Circle {
      @Job({ name: 'x', onFail: 'y' }) x() {}
      @Job({ name: 'y', onFail: 'x' }) y() {}
      @Job({ name: 'z', onFail: 'x' }) z() {}
    }
    expect(await faultsOf({ providers: [Circle] })).toEqual([
      'Circle.x: onFail: It leads back to the job itself (x → y → x), for ever. Break the circle.',
      'Circle.y: onFail: It leads back to the job itself (y → x → y), for ever. Break the circle.',
    ]);
  });
});

describe('the registry', () => {
  class Mail {
    to!: string;
  }

  it('resolves names, classes, contracts and methods', async () => {
    const contract = defineJob<Mail>('a');
    @Injectable()
    class Mailer {
      @Job() send() {}
    }
    const registry = await discover({ providers: [A, Mailer] });
    const a = registry.find('a')!;
    expect([
      registry.require('a'),
      registry.require(A),
      registry.require(contract),
      registry.require([A, 'run']),
    ]).toEqual([a, a, a, a]);
    expect(registry.require([Mailer, 'send']).definition.name).toBe('Mailer.send');
    expect(registry.find('b')).toBeUndefined();
    expect(registry.names()).toEqual(['a', 'Mailer.send']);
  });

  it('says what is meant instead', async () => {
    @Injectable()
    class Mailer {
      @Job() sendWelcome() {}
      @Job() sendBye() {}
      helper() {}
    }
    @Job()
    class Steps {
      @JobStep() one() {}
    }
    class Plain {}
    @Job()
    class Elsewhere {
      run() {}
    }
    const registry = await discover({ providers: [Mailer, Steps] });
    const messages: [unknown, string][] = [
      ['Stepss', 'No job "Stepss" is registered. Did you mean "Steps"?'],
      [
        Mailer,
        "The class Mailer is no job; its methods are. Name one of them: [Mailer, 'sendWelcome'], [Mailer, 'sendBye'].",
      ],
      [
        [Mailer, 'sendWelcom'],
        'Mailer.sendWelcom is no job. Did you mean "sendWelcome"? Jobs of Mailer: sendWelcome, sendBye.',
      ],
      [[Steps, 'one'], 'Steps.one is no job; the class is: give Steps, without a method.'],
      [Plain, 'The class Plain is no job: it has no @Job().'],
      [[Plain, 'x'], 'The class Plain is no job: it has no @Job().'],
      [Elsewhere, 'The class Elsewhere declares a job, but no module of this app provides it.'],
      [defineJob('nowhere'), 'No job "nowhere" is registered.'],
      [undefined, 'undefined is no job: give its name, its class'],
      [{ name: 'x' }, 'is no job: give its name, its class'],
    ];
    for (const [ref, message] of messages) {
      expect(() => registry.require(ref as never)).toThrow(
        expect.objectContaining({ code: 'JOB_UNKNOWN', message: expect.stringContaining(message) }),
      );
    }
  });

  it('registers functions before and after bootstrap', async () => {
    started = await startApp({ providers: [A] }, { jobs: { early: { queue: 'low' } } });
    const { registry } = started;
    registry.register({ name: 'early', onFail: 'late', timeout: '1s' }, (payload: number, ctx: JobContext) => [
      payload,
      ctx.job,
    ]);
    registry.register({ name: 'late' }, () => undefined);
    await started.discover();
    const early = registry.require('early');
    expect(early.definition).toMatchObject({ queue: 'low', timeout: 1000, source: 'register("early")', steps: [] });
    expect(early.provider).toBeUndefined();
    expect(await attempt(early, 4)).toEqual([4, 'test']);
    const { job, checked } = registry.register({ name: 'after', onFail: A }, () => 1);
    await checked;
    expect(registry.require('after')).toBe(job);
    expect(registry.names()).toEqual(['early', 'late', 'a', 'after']);
  });

  it('refuses wrong registrations, and adds nothing then', async () => {
    const registry = await discover({ providers: [A] });
    const wrong: [JobOptions & { name: string }, unknown, string][] = [
      [{ name: 'a' }, () => 1, 'register("a"): name: Job "a" is declared by A too.'],
      [{ name: 'x', queue: 'lo' }, () => 1, 'register("x"): queue: Queue "lo" is not configured.'],
      [{ name: 'x', onFail: 'y' }, () => 1, 'register("x"): onFail: No job "y" is registered.'],
      [{ name: 'x', onFail: 'x' }, () => 1, 'leads back to the job itself'],
      [{ name: 'x' }, undefined, 'handler: undefined is not a function'],
      [{} as never, () => 1, `"" is not a job's name`],
    ];
    for (const [options, handler, message] of wrong) {
      expect(() => registry.register(options, handler as never)).toThrow(
        expect.objectContaining({ code: 'JOB_DEFINITION_INVALID', message: expect.stringContaining(message) }),
      );
    }
    expect(registry.names()).toEqual(['a']);
  });

  it('reports payloads of registered schedules at boot, and later to who asks', async () => {
    const schedule = { every: '1m', payload: { day: 1 } };
    const schema = z.object({ day: z.string() });
    started = await startApp({});
    started.registry.register({ name: 'early', schedule, schema }, () => 1);
    await expect(started.discover()).rejects.toThrow('register("early"): schedule: The schema refuses');
    await started.app.close();
    const registry = await discover({});
    const { checked } = registry.register({ name: 'late', schedule, schema }, () => 1);
    await expect(checked).rejects.toThrow('register("late"): schedule: The schema refuses');
  });
});
