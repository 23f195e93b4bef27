/** What enhancers make of errors and results. */
import {
  type CallHandler,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  ForbiddenException,
  Injectable,
  type NestInterceptor,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { describe, expect, it } from '@jest/globals';
import { EMPTY, catchError, throwError } from 'rxjs';
import { JobContext } from '#src/definition/job-context.js';
import { Job } from '#src/decorators/job.decorator.js';
import { JobStep } from '#src/decorators/job-step.decorator.js';
import { JobAbortError, JobCancelError, JobRefusedError, JobSnoozeError } from '#src/errors/outcome-errors.js';
import { attempt, testContext } from './support.js';
import { log, app, start, guard, filter } from './handlers-kit.js';

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
