/** On which instance a job runs. */
import { Inject, Injectable, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { JobContext, type JobFailure } from '#src/definition/job-context.js';
import { Job } from '#src/decorators/job.decorator.js';
import { JobStep } from '#src/decorators/job-step.decorator.js';
import { OnJobFail } from '#src/decorators/on-job-fail.decorator.js';
import { attempt } from './support.js';
import { log, app, start } from './handlers-kit.js';

describe('scopes', () => {
  it('calls the one instance of a singleton', async () => {
    @Job({ name: 'single' })
    class Single {
      calls = 0;
      run(payload: string, ctx: JobContext) {
        return `${++this.calls} ${payload} ${ctx.id}`;
      }
    }
    const registry = await start({ providers: [Single] });
    const job = registry.require(Single);
    expect(await attempt(job, 'a')).toBe('1 a 1');
    expect(await attempt(job, 'b')).toBe('2 b 1');
    expect(app!.get(Single).calls).toBe(2);
  });

  it('makes a new instance with its own dependencies for each attempt of a request-scoped provider', async () => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Dependency {
      readonly number = ++made;
      constructor(@Inject(REQUEST) readonly request: JobContext) {}
    }
    @Job({ name: 'scoped' })
    class Scoped {
      constructor(
        readonly dependency: Dependency,
        @Inject(REQUEST) readonly request: JobContext,
      ) {}
      @JobStep() first(_: unknown, ctx: JobContext) {
        log.push(`first ${this.dependency.number} ${this.request === ctx} ${this.dependency.request === ctx}`);
      }
      @JobStep() second(_: unknown, _ctx: JobContext) {
        log.push(`second ${this.dependency.number}`);
      }
    }
    const registry = await start({ providers: [Scoped, Dependency] });
    expect(made).toBe(0);
    await attempt(registry.require('scoped'), 1);
    await attempt(registry.require('scoped'), 1);
    expect(log).toEqual(['first 1 true true', 'second 1', 'first 2 true true', 'second 2']);
  });

  it('makes a new instance for each attempt of a transient provider', async () => {
    let made = 0;
    @Job({ name: 'transient' })
    @Injectable({ scope: Scope.TRANSIENT })
    class Transient {
      readonly number = ++made;
      run() {
        return this.number;
      }
    }
    const registry = await start({ providers: [Transient] });
    const before = made;
    const results = [await attempt(registry.require(Transient), 1), await attempt(registry.require(Transient), 1)];
    expect(results).toEqual([before + 1, before + 2]);
  });

  it.each(['above', 'below'])('keeps the scope of an @Injectable() %s', async (place) => {
    class Scoped {
      run() {
        return this;
      }
    }
    const decorators = [Job({ name: 'scoped' }) as ClassDecorator, Injectable({ scope: Scope.REQUEST })];
    Reflect.decorate(place === 'above' ? decorators.toReversed() : decorators, Scoped);
    const registry = await start({ providers: [Scoped] });
    const job = registry.require('scoped');
    expect(await attempt(job, 1)).not.toBe(await attempt(job, 1));
  });

  it('injects by the types of the constructor with @Job() alone', async () => {
    @Injectable()
    class Db {
      readonly rows = 3;
    }
    @Job()
    class Report {
      constructor(readonly db: Db) {}
      run() {
        return this.db.rows;
      }
    }
    const registry = await start({ providers: [Report, Db] });
    expect(await attempt(registry.require('Report'), undefined)).toBe(3);
  });

  it('fails the attempt when the provider cannot be made', async () => {
    @Job({ name: 'broken' })
    @Injectable({ scope: Scope.REQUEST })
    class Broken {
      constructor() {
        throw new Error('no database');
      }
      run() {}
    }
    const registry = await start({ providers: [Broken] });
    await expect(attempt(registry.require('broken'), 1)).rejects.toThrow('no database');
  });

  it('lets go of a request-scoped instance after the attempt', async () => {
    @Job({ name: 'scoped' })
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      run() {
        return new WeakRef(this);
      }
    }
    const registry = await start({ providers: [Scoped] });
    const refs: WeakRef<object>[] = [];
    for (let i = 0; i < 20; i++) refs.push((await attempt(registry.require('scoped'), 1)) as WeakRef<object>);
    // A WeakRef holds its object until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
    // The last one may stand in a register.
    expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(1);
  });

  it('tells @OnJobFail on an instance of its own, with the failure as REQUEST', async () => {
    @Job({ name: 'scoped' })
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      constructor(@Inject(REQUEST) readonly request: unknown) {}
      run() {}
      @OnJobFail() tell(failure: JobFailure) {
        log.push(`${failure.job} ${failure.error.message} ${this.request === failure}`);
      }
    }
    const registry = await start({ providers: [Scoped] });
    await registry.require('scoped').invoker.onFail!({ job: 'scoped', error: new Error('gone') } as JobFailure);
    expect(log).toEqual(['scoped gone true']);
  });

  it('waits for @OnJobFail, and passes on what it throws', async () => {
    @Injectable()
    class Mailer {
      @Job() send() {}
      @OnJobFail() async tell() {
        throw new Error('cannot tell');
      }
    }
    const registry = await start({ providers: [Mailer] });
    const { invoker } = registry.require([Mailer, 'send']);
    await expect(invoker.onFail!({} as JobFailure)).rejects.toThrow('cannot tell');
  });

  it('resolves a string token of the module that provides it', async () => {
    @Job({ name: 'a' })
    @Injectable({ scope: Scope.REQUEST })
    class A {
      run() {
        return 'a';
      }
    }
    @Job({ name: 'b' })
    @Injectable({ scope: Scope.REQUEST })
    class B {
      run() {
        return 'b';
      }
    }
    class ModuleA {}
    class ModuleB {}
    const registry = await start({
      imports: [
        { module: ModuleA, providers: [{ provide: 'JOB', useClass: A }] },
        { module: ModuleB, providers: [{ provide: 'JOB', useClass: B }] },
      ],
    });
    expect(await attempt(registry.require('a'), 1)).toBe('a');
    expect(await attempt(registry.require('b'), 1)).toBe('b');
  });
});
