import {
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Inject,
  Injectable,
  type ModuleMetadata,
  type NestInterceptor,
  type PipeTransform,
  Scope,
  SetMetadata,
  type Type,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import {
  APP_FILTER,
  APP_GUARD,
  APP_INTERCEPTOR,
  APP_PIPE,
  type ContextId,
  ContextIdFactory,
  REQUEST,
  Reflector,
} from '@nestjs/core';
import type { TestingModule } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EMPTY, catchError, map, throwError } from 'rxjs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { JobContext, type JobFailure } from '../../libs/job-scheduler/src/definition/job-context.js';
import { Job } from '../../libs/job-scheduler/src/decorators/job.decorator.js';
import { JobStep } from '../../libs/job-scheduler/src/decorators/job-step.decorator.js';
import { OnJobFail } from '../../libs/job-scheduler/src/decorators/on-job-fail.decorator.js';
import {
  JobAbortError,
  JobCancelError,
  JobRefusedError,
  JobSnoozeError,
} from '../../libs/job-scheduler/src/errors/outcome-errors.js';
import type { JobRegistry } from '../../libs/job-scheduler/src/registry/job-registry.js';
import { attempt, startApp, testContext } from './support.js';

/** What happened, in order. */
let log: string[];
let app: TestingModule | undefined;

beforeEach(() => {
  log = [];
});

afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** @param globalEnhancers the option of this name. */
async function start(metadata: ModuleMetadata, globalEnhancers = false): Promise<JobRegistry> {
  const started = await startApp(metadata, { globalEnhancers });
  app = started.app;
  await started.discover();
  return started.registry;
}

function guard(name: string, verdict: boolean | Error = true): Type<CanActivate> {
  @Injectable()
  class Guard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      log.push(`guard ${name} ${context.getType()}`);
      if (verdict instanceof Error) throw verdict;
      return verdict;
    }
  }
  return Guard;
}

function interceptor(name: string): Type<NestInterceptor> {
  @Injectable()
  class Interceptor implements NestInterceptor {
    intercept(_context: ExecutionContext, next: CallHandler) {
      log.push(`before ${name}`);
      return next.handle().pipe(
        map((value: unknown) => {
          log.push(`after ${name}`);
          return value;
        }),
      );
    }
  }
  return Interceptor;
}

function pipe(name: string): Type<PipeTransform> {
  @Injectable()
  class Pipe implements PipeTransform {
    transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
      log.push(`pipe ${name} ${type} ${metatype?.name}`);
      return value;
    }
  }
  return Pipe;
}

function filter(name: string, answer: (error: unknown) => unknown = () => undefined): Type<ExceptionFilter> {
  @Catch()
  class Filter implements ExceptionFilter {
    catch(error: Error): unknown {
      log.push(`filter ${name} ${error.message}`);
      return answer(error);
    }
  }
  return Filter;
}

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

describe('durable providers', () => {
  afterEach(() => ContextIdFactory.apply(undefined as never));

  it('are made once for each tenant that the strategy of the app finds in the JobContext', async () => {
    const parents = new Map<string, ContextId>();
    const asked = new Set<unknown>();
    ContextIdFactory.apply({
      attach(contextId: ContextId, request: JobContext) {
        asked.add(request);
        const { tenant = '' } = request.metadata;
        if (!parents.has(tenant)) parents.set(tenant, ContextIdFactory.create());
        return {
          resolve: ({ isTreeDurable }) => (isTreeDurable ? parents.get(tenant)! : contextId),
          payload: { tenant },
        };
      },
    });
    let connections = 0;
    let jobs = 0;
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Connection {
      readonly number = ++connections;
      constructor(@Inject(REQUEST) readonly tenant: { tenant: string }) {}
    }
    @Job({ name: 'durable' })
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Durable {
      readonly number = ++jobs;
      constructor(readonly connection: Connection) {}
      run() {
        return this.connection.tenant.tenant;
      }
    }
    @Job({ name: 'mixed' })
    @Injectable({ scope: Scope.REQUEST })
    class Mixed {
      constructor(
        readonly connection: Connection,
        @Inject(REQUEST) readonly ctx: JobContext,
      ) {}
      run() {
        return [this.connection.tenant.tenant, this.ctx.metadata['tenant']];
      }
    }
    const registry = await start({ providers: [Durable, Mixed, Connection] });
    const ctxs = Array.from({ length: 100 }, (_, i) =>
      Object.assign(testContext('durable', `${i}`), { metadata: { tenant: i % 2 ? 'b' : 'a' } }),
    );
    const run = (name: string) => Promise.all(ctxs.map((ctx) => attempt(registry.require(name), 1, ctx)));
    expect(await run('durable')).toEqual(ctxs.map(({ metadata }) => metadata.tenant));
    expect([jobs, connections]).toEqual([2, 2]);
    expect(asked).toEqual(new Set(ctxs));
    expect(await run('mixed')).toEqual(ctxs.map(({ metadata }) => [metadata.tenant, metadata.tenant]));
    expect(connections).toBe(2);
  });

  it('are made for each attempt where the app has no strategy', async () => {
    @Job({ name: 'durable' })
    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Durable {
      constructor(@Inject(REQUEST) readonly ctx: JobContext) {}
      run(_: unknown, ctx: JobContext) {
        return this.ctx === ctx;
      }
    }
    const registry = await start({ providers: [Durable] });
    expect(await attempt(registry.require('durable'), 1)).toBe(true);
  });
});

describe('enhancers', () => {
  it.each([false, true])(
    'with globalEnhancers %p: one rule for jobs with enhancers of their own and without',
    async (on) => {
      @Injectable()
      class HttpGuard implements CanActivate {
        canActivate(context: ExecutionContext): boolean {
          return context.switchToHttp().getRequest<{ headers: Record<string, string> }>().headers['x'] !== undefined;
        }
      }
      @Injectable()
      class Enveloping implements NestInterceptor {
        intercept(_context: ExecutionContext, next: CallHandler) {
          return next.handle().pipe(map((data: unknown) => ({ data })));
        }
      }
      @Job({ name: 'plain' })
      class Plain {
        run() {
          return 'ran';
        }
      }
      @Job({ name: 'intercepted' })
      @UseInterceptors(interceptor('own'))
      class Intercepted extends Plain {}
      @Job({ name: 'steps' })
      class Steps {
        @JobStep()
        @UseInterceptors(interceptor('step'))
        only() {
          return 'ran';
        }
      }
      const jobs = [Plain, Intercepted, Steps];
      const guarded = await start({ providers: [...jobs, { provide: APP_GUARD, useClass: HttpGuard }] }, on);
      const wrapped = await start({ providers: [...jobs, { provide: APP_INTERCEPTOR, useClass: Enveloping }] }, on);
      for (const name of ['plain', 'intercepted', 'steps']) {
        const end = attempt(guarded.require(name), { a: 1 }).catch((error: Error) => error.message);
        expect(await end).toContain(on ? "reading 'x'" : 'ran');
        expect(await attempt(wrapped.require(name), {})).toEqual(on ? { data: 'ran' } : 'ran');
      }
    },
  );

  it('runs global, class and method ones around a job, in the order of Nest', async () => {
    class Mail {}
    @UseGuards(guard('class'))
    @UseInterceptors(interceptor('class'))
    @UsePipes(pipe('class'))
    @Injectable()
    class Mailer {
      @Job({ name: 'send' })
      @UseGuards(guard('method'))
      @UseInterceptors(interceptor('method'))
      @UsePipes(pipe('method'))
      send(_mail: Mail, _ctx: JobContext) {
        log.push('handler');
        return 'sent';
      }
    }
    const registry = await start(
      {
        providers: [
          Mailer,
          { provide: APP_GUARD, useClass: guard('global') },
          { provide: APP_INTERCEPTOR, useClass: interceptor('global') },
          { provide: APP_PIPE, useClass: pipe('global') },
        ],
      },
      true,
    );
    expect(await attempt(registry.require('send'), {})).toBe('sent');
    expect(log).toEqual([
      'guard global job',
      'guard class job',
      'guard method job',
      'before global',
      'before class',
      'before method',
      'pipe global body Mail',
      'pipe class body Mail',
      'pipe method body Mail',
      'handler',
      'after method',
      'after class',
      'after global',
    ]);
  });

  it('gives pipes the payload only, and the handler what they make of it and the very context', async () => {
    @Injectable()
    class Doubling implements PipeTransform {
      transform(value: unknown): unknown {
        log.push(`piped ${JSON.stringify(value)}`);
        return (value as number) * 2;
      }
    }
    @Job({ name: 'double' })
    @UsePipes(Doubling)
    class Double {
      run(payload: number, ctx: JobContext) {
        return [payload, ctx];
      }
    }
    const registry = await start({ providers: [Double] });
    const ctx = testContext();
    expect(await attempt(registry.require('double'), 4, ctx)).toEqual([8, ctx]);
    expect(log).toEqual(['piped 4']);
  });

  it('lets guards read metadata of the method and the class, and the payload and the context as arguments', async () => {
    @Injectable()
    class Roles implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: ExecutionContext): boolean {
        const roles = this.reflector.getAllAndMerge<string[]>('roles', [context.getHandler(), context.getClass()]);
        const rpc = context.switchToRpc();
        log.push(
          `${roles.join()} ${context.getHandler().name} ${context.getClass().name} ${JSON.stringify(context.getArgs()[0])} ${rpc.getData<{ a: number }>().a} ${rpc.getContext<JobContext>().id}`,
        );
        return true;
      }
    }
    @SetMetadata('roles', ['class'])
    @UseGuards(Roles)
    @Injectable()
    class Mailer {
      @Job({ name: 'send' })
      @SetMetadata('roles', ['method'])
      send() {}
    }
    const registry = await start({ providers: [Mailer] });
    await attempt(registry.require('send'), { a: 1 });
    expect(log).toEqual(['method,class send Mailer {"a":1} 1 1']);
  });

  it("runs the class's and the global ones once around all steps, and a step's own around that step", async () => {
    class Dto {}
    @UseGuards(guard('class'))
    @UseInterceptors(interceptor('class'))
    @UsePipes(pipe('class'))
    @UseFilters(filter('class'))
    @Job({ name: 'steps' })
    class Steps {
      @JobStep() one(_: Dto, _ctx: JobContext) {
        log.push('one');
      }
      @JobStep()
      @UseGuards(guard('two'))
      @UseInterceptors(interceptor('two'))
      @UsePipes(pipe('two'))
      two(_: Dto, _ctx: JobContext) {
        log.push('two');
        return 2;
      }
    }
    const registry = await start(
      {
        providers: [
          Steps,
          { provide: APP_GUARD, useClass: guard('global') },
          { provide: APP_INTERCEPTOR, useClass: interceptor('global') },
          { provide: APP_PIPE, useClass: pipe('global') },
        ],
      },
      true,
    );
    expect(await attempt(registry.require('steps'), {})).toBe(2);
    expect(log).toEqual([
      'guard global job',
      'guard class job',
      'before global',
      'before class',
      'pipe global body Dto',
      'pipe class body Dto',
      'one',
      'guard two job',
      'before two',
      'pipe two body Dto',
      'two',
      'after two',
      'after class',
      'after global',
    ]);
  });

  it('runs global ones around the attempt when only a step declares one', async () => {
    @Job({ name: 'steps' })
    class Steps {
      @JobStep() one(_: unknown, _ctx: JobContext) {
        log.push('one');
      }
      @JobStep()
      @UseGuards(guard('two'))
      two(_: unknown, _ctx: JobContext) {
        log.push('two');
      }
    }
    const registry = await start({ providers: [Steps, { provide: APP_GUARD, useClass: guard('global') }] }, true);
    await attempt(registry.require('steps'), {});
    expect(log).toEqual(['guard global job', 'one', 'guard two job', 'two']);
  });

  it("lets a step's guard read the class's metadata, and calls the step on the real instance", async () => {
    @Injectable()
    class Roles implements CanActivate {
      constructor(private readonly reflector: Reflector) {}
      canActivate(context: ExecutionContext): boolean {
        log.push(
          `${this.reflector.get<string>('role', context.getHandler())} ${this.reflector.get<string>('role', context.getClass())} ${context.getClass().name}`,
        );
        return true;
      }
    }
    @SetMetadata('role', 'class')
    @Job({ name: 'steps' })
    class Steps {
      #secret = 7;
      @JobStep()
      @SetMetadata('role', 'step')
      @UseGuards(Roles)
      only(_: unknown, _ctx: JobContext) {
        return this.#secret++;
      }
    }
    const registry = await start({ providers: [Steps] });
    expect(await attempt(registry.require('steps'), 1)).toBe(7);
    expect(await attempt(registry.require('steps'), 1)).toBe(8);
    expect(log[0]).toBe('step class Steps');
  });

  it('injects into enhancers by class, also transient and request-scoped ones', async () => {
    @Injectable()
    class Db {
      readonly ok = true;
    }
    @Injectable({ scope: Scope.TRANSIENT })
    class TransientGuard implements CanActivate {
      constructor(private readonly db: Db) {}
      canActivate(): boolean {
        log.push('transient');
        return this.db.ok;
      }
    }
    @Injectable({ scope: Scope.REQUEST })
    class RequestGuard implements CanActivate {
      constructor(
        private readonly db: Db,
        @Inject(REQUEST) private readonly request: JobContext,
      ) {}
      canActivate(): boolean {
        log.push(`request ${this.request.job}`);
        return this.db.ok;
      }
    }
    @Job({ name: 'a' })
    @UseGuards(TransientGuard)
    class A {
      run() {
        return 'a';
      }
    }
    let made = 0;
    @Job({ name: 'b' })
    @UseGuards(RequestGuard, TransientGuard)
    class B {
      readonly number = ++made;
      run() {
        return this.number;
      }
    }
    const registry = await start({ providers: [A, B, Db] });
    expect(await attempt(registry.require('a'), 1)).toBe('a');
    expect(await attempt(registry.require('b'), 1, testContext('b'))).toBe(1);
    expect(await attempt(registry.require('b'), 1, testContext('b'))).toBe(2);
    expect(log).toEqual(['transient', 'request b', 'transient', 'request b', 'transient']);
  });

  it('runs guards, pipes and interceptors around request-scoped and transient providers', async () => {
    @Job({ name: 'request' })
    @UseGuards(guard('request'))
    @Injectable({ scope: Scope.REQUEST })
    class RequestJob {
      // TypeScript tells the types of parameters of decorated methods only.
      @UsePipes(pipe('request'))
      run(_: string, _ctx: JobContext) {
        return 'request';
      }
    }
    @UseInterceptors(interceptor('transient'))
    @Job({ name: 'transient' })
    @Injectable({ scope: Scope.TRANSIENT })
    class TransientJob {
      @JobStep()
      @UseGuards(guard('step'))
      step(_: unknown, _ctx: JobContext) {
        return 'transient';
      }
    }
    const registry = await start({ providers: [RequestJob, TransientJob] });
    expect(await attempt(registry.require('request'), 'x')).toBe('request');
    expect(await attempt(registry.require('transient'), 'x')).toBe('transient');
    expect(log).toEqual([
      'guard request job',
      'pipe request body String',
      'before transient',
      'guard step job',
      'after transient',
    ]);
  });

  it('makes request-scoped global enhancers for each attempt, where they run', async () => {
    let made = 0;
    @Injectable({ scope: Scope.REQUEST })
    class GlobalGuard implements CanActivate {
      readonly number = ++made;
      constructor(@Inject(REQUEST) private readonly request: JobContext) {}
      canActivate(): boolean {
        log.push(`global ${this.number} ${this.request.job}`);
        return true;
      }
    }
    @Job({ name: 'guarded' })
    @UseGuards(guard('own'))
    class Guarded {
      run() {}
    }
    @Job({ name: 'plain' })
    class Plain {
      run() {}
    }
    const registry = await start({ providers: [Guarded, Plain, { provide: APP_GUARD, useClass: GlobalGuard }] }, true);
    await attempt(registry.require('plain'), 1, testContext('plain'));
    await attempt(registry.require('guarded'), 1, testContext('guarded'));
    await attempt(registry.require('guarded'), 1, testContext('guarded'));
    expect(log).toEqual(['global 1 plain', 'global 2 guarded', 'guard own job', 'global 3 guarded', 'guard own job']);
  });

  it('runs attempts of one job beside each other without mixing them up', async () => {
    @Job({ name: 'echo' })
    @UseGuards(guard('own'))
    class Echo {
      async run(payload: number, ctx: JobContext) {
        await new Promise((resolve) => setImmediate(resolve));
        return `${payload} ${ctx.id}`;
      }
    }
    const registry = await start({ providers: [Echo] });
    const ids = Array.from({ length: 20 }, (_, id) => id);
    const results = await Promise.all(
      ids.map((id) => attempt(registry.require('echo'), id, testContext('echo', `${id}`))),
    );
    expect(results).toEqual(ids.map((id) => `${id} ${id}`));
  });
});

describe('outcomes', () => {
  async function guarded(answer: boolean | Error): Promise<unknown> {
    @Job({ name: 'guarded' })
    @UseGuards(guard('own', answer))
    class Guarded {
      run() {
        return 'ran';
      }
    }
    const registry = await start({ providers: [Guarded] });
    return attempt(registry.require('guarded'), 1, testContext('guarded'));
  }

  it('refuses what a guard answers with false, or with an HttpException', async () => {
    const error = await guarded(false).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(JobRefusedError);
    expect((error as Error).message).toBe('A guard refused job "guarded": Forbidden resource');
    await app!.close();
    const thrown = new UnauthorizedException('who?');
    await expect(guarded(thrown)).rejects.toMatchObject({
      code: 'JOB_REFUSED',
      message: 'A guard refused job "guarded": who?',
      cause: thrown,
    });
  });

  it('takes any other error of a guard for what it is', async () => {
    const lost = new Error('no session store');
    await expect(guarded(lost)).rejects.toBe(lost);
  });

  it('takes an HttpException of the handler for a failure, not for a refusal', async () => {
    const forbidden = new ForbiddenException();
    @Job({ name: 'calls' })
    @UseGuards(guard('own'))
    class Calls {
      run() {
        throw forbidden;
      }
    }
    const registry = await start({ providers: [Calls] });
    await expect(attempt(registry.require('calls'), 1)).rejects.toBe(forbidden);
  });

  it("refuses when a step's guard refuses", async () => {
    @Job({ name: 'steps' })
    class Steps {
      @JobStep()
      @UseGuards(guard('step', false))
      only(_: unknown, _ctx: JobContext) {
        log.push('ran');
      }
    }
    const registry = await start({ providers: [Steps] });
    await expect(attempt(registry.require('steps'), 1)).rejects.toBeInstanceOf(JobRefusedError);
    expect(log).toEqual(['guard step job']);
  });

  async function filtered(thrown: Error, answer: (error: unknown) => unknown): Promise<unknown> {
    @Job({ name: 'filtered' })
    @UseFilters(filter('own', answer))
    class Filtered {
      async run() {
        throw thrown;
      }
    }
    const registry = await start({ providers: [Filtered] });
    return attempt(registry.require('filtered'), 1);
  }

  const abort = new JobAbortError('for good');

  it.each<[string, (error: unknown) => unknown]>([
    [
      'throws another error',
      () => {
        throw new Error('rewritten');
      },
    ],
    ['rejects with another error', () => Promise.reject(new Error('rewritten'))],
    ['gives an observable that fails', () => throwError(() => new Error('rewritten'))],
    ['gives nothing', () => undefined],
    ['gives a promise of nothing', () => Promise.resolve()],
    ['gives an empty observable', () => EMPTY],
  ])('keeps the error of the handler when a filter %s', async (_name, answer) => {
    await expect(filtered(abort, answer)).rejects.toBe(abort);
    expect(log).toEqual(['filter own for good']);
  });

  it.each<[string, unknown]>([
    ['a value', 'recovered'],
    ['null', null],
    ['a promise', Promise.resolve('recovered')],
  ])('completes the job when a filter gives %s', async (_name, answer) => {
    expect(await filtered(new Error('broken'), () => answer)).toBe(await answer);
  });

  it.each([
    ['a snooze', new JobSnoozeError('5m')],
    ['a cancel', new JobCancelError('enough')],
  ])('keeps %s from the filters', async (_name, error) => {
    await expect(filtered(error, () => 'recovered')).rejects.toBe(error);
    expect(log).toEqual([]);
  });

  it('keeps what an interceptor makes of an error', async () => {
    @Injectable()
    class Mapping implements NestInterceptor {
      intercept(_context: ExecutionContext, next: CallHandler) {
        return next.handle().pipe(catchError(() => throwError(() => abort)));
      }
    }
    @Job({ name: 'mapped' })
    @UseInterceptors(Mapping)
    class Mapped {
      run() {
        throw new Error('404');
      }
    }
    const registry = await start({ providers: [Mapped] });
    await expect(attempt(registry.require('mapped'), 1)).rejects.toBe(abort);
  });

  it('shows filters the error of a guard as it was', async () => {
    @Catch(ForbiddenException)
    class OnForbidden implements ExceptionFilter {
      catch(): string {
        return 'let go';
      }
    }
    @Job({ name: 'guarded' })
    @UseGuards(guard('own', false))
    @UseFilters(OnForbidden)
    class Guarded {
      run() {}
    }
    const registry = await start({ providers: [Guarded] });
    expect(await attempt(registry.require('guarded'), 1)).toBe('let go');
  });

  it.each([
    [false, 'broken'],
    [true, 'recovered'],
  ])('with globalEnhancers %p: global filters, for jobs with enhancers and without', async (globalEnhancers, end) => {
    class Fails {
      run() {
        throw new Error('broken');
      }
    }
    @Job({ name: 'plain' })
    class Plain extends Fails {}
    @Job({ name: 'guarded' })
    @UseGuards(guard('own'))
    class Guarded extends Fails {}
    const registry = await start(
      { providers: [Plain, Guarded, { provide: APP_FILTER, useClass: filter('global', () => 'recovered') }] },
      globalEnhancers,
    );
    for (const name of ['plain', 'guarded'])
      expect(await attempt(registry.require(name), 1).catch((error: Error) => error.message)).toBe(end);
  });
});
