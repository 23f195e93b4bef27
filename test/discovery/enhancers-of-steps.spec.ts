/** Enhancers around steps, and how enhancers are made. */
import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, REQUEST, Reflector } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { JobContext } from '#src/definition/job-context.js';
import { Job } from '#src/decorators/job.decorator.js';
import { JobStep } from '#src/decorators/job-step.decorator.js';
import { attempt, testContext } from './support.js';
import { log, start, guard, interceptor, pipe, filter } from './handlers-kit.js';

describe('enhancers of steps and their making', () => {
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
