/** Guards, pipes, interceptors and filters around a job: which run, in what order, with what. */
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type PipeTransform,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, APP_PIPE, Reflector } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { map } from 'rxjs';
import { JobContext } from '#src/definition/job-context.js';
import { Job } from '#src/decorators/job.decorator.js';
import { JobStep } from '#src/decorators/job-step.decorator.js';
import { attempt, testContext } from './support.js';
import { log, start, guard, interceptor, pipe } from './handlers-kit.js';

describe('enhancers of jobs', () => {
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
});
