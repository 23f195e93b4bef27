/** Classes that cannot be jobs stop the boot. */
import { type CanActivate, Controller, Global, Injectable, Module, Scope, UseGuards } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { Job } from '#src/decorators/job.decorator.js';
import { JobStep } from '#src/decorators/job-step.decorator.js';
import { OnJobFail } from '#src/decorators/on-job-fail.decorator.js';
import { attempt, faultsOf } from './support.js';
import { discover, A, mailer, started } from './discovery-kit.js';

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
      @Job({ queue: 'critcal', timeout: '5 minuts' as '5m' }) send() {}
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
    expect(() => started!.registrar.register({ name: 'a#2', schedule: '@weekly' }, () => 1)).toThrow(
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
