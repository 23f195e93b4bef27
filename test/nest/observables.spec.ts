import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  type ExecutionContext,
  type INestApplicationContext,
  Injectable,
  Logger,
  Module,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Job,
  type JobContext,
  JobHistory,
  JobSchedulerModule,
  JobService,
  JobStep,
  OnJobEvent,
  OnJobFail,
} from 'nestjs-job-scheduler';
import { EMPTY, NEVER, Observable, defer, finalize, map, of, tap, throwError, timer } from 'rxjs';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

let log: string[] = [];
const noted = (text: string) => defer(() => of(log.push(text)));

@Injectable()
class Passing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((value: unknown) => value));
  }
}

function work(what: string): Observable<unknown> | Promise<Observable<unknown>> {
  switch (what) {
    case 'values':
      return of(1, 2, 3);
    case 'later':
      return timer(1).pipe(map(() => ({ sent: true })));
    case 'promised':
      return Promise.resolve(of('a', 'b'));
    case 'none':
      return EMPTY;
    case 'for ever':
      return NEVER.pipe(
        tap({ subscribe: () => log.push('subscribed') }),
        finalize(() => log.push('unsubscribed')),
      );
    default:
      return throwError(() => new Error(what));
  }
}

const once = { retry: 0, timeout: '1m' } as const;

@Injectable()
class Bare {
  @Job({ name: 'bare', ...once }) run(what: string) {
    return work(what);
  }
}

@Injectable()
@UseInterceptors(Passing)
class Intercepted {
  @Job({ name: 'intercepted', ...once }) run(what: string) {
    return work(what);
  }
}

@Job({ name: 'steps', ...once })
class Steps {
  @JobStep() first(what: string) {
    return work(what);
  }
  @JobStep({ retry: 0, timeout: '50ms' })
  second(_: string, ctx: JobContext) {
    return ctx.result('first') === 3 ? work('for ever') : of('end');
  }
}

@Job({ name: 'intercepted-step', ...once })
class InterceptedStep {
  @JobStep()
  @UseInterceptors(Passing)
  only(what: string) {
    return work(what);
  }
}

@Job({ name: 'inline', ...once })
class Inline {
  async run(what: string, ctx: JobContext) {
    const result = await ctx.step('inner', () => work(what) as Observable<unknown>);
    return { result, again: ctx.result('inner') };
  }
}

@Injectable()
class Generators {
  @Job({ name: 'generator' }) *one() {
    yield log.push('never');
  }
  @Job({ name: 'async-generator' }) async *two() {
    yield log.push('never');
  }
}

@Injectable()
class Told {
  @Job({ name: 'told', ...once }) run() {
    throw new Error('gone');
  }
  @OnJobFail() tell() {
    return noted('on-fail');
  }
  @OnJobEvent('failed', { job: 'told' }) hear() {
    return noted('listener');
  }
}

let app: INestApplicationContext;
let jobs: JobService;

beforeAll(async () => {
  @Module({
    imports: [JobSchedulerModule.forRoot()],
    providers: [Bare, Intercepted, Steps, InterceptedStep, Inline, Generators, Told],
  })
  class App {}
  app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
  jobs = app.get(JobService);
  jobs.register({ name: 'registered', ...once }, (what: string) => work(what));
});
afterAll(() => app.close());

const run = async (job: string, payload?: unknown) => (await jobs.enqueue(job, payload)).finished();

describe.each(['bare', 'intercepted', 'registered', 'intercepted-step'])('an Observable of the %s handler', (job) => {
  it.each([
    ['values', 3],
    ['later', { sent: true }],
    ['promised', 'b'],
  ])('of %s is subscribed, and its last value is the result', async (what, result) => {
    expect(await run(job, what)).toEqual(result);
  });

  it('without a value gives no result', async () => {
    const handle = await jobs.enqueue(job, 'none');
    await handle.finished();
    expect((await app.get(JobHistory).getExecution(handle.id))?.result).toBeUndefined();
  });

  it('that fails, fails the job with its error', async () => {
    await expect(run(job, 'no connection')).rejects.toThrow('no connection');
  });

  it('is unsubscribed when the job is cancelled', async () => {
    log = [];
    const handle = await jobs.enqueue(job, 'for ever');
    await until('the handler runs', () => log.includes('subscribed'));
    await jobs.cancel(handle.id, 'enough');
    await expect(handle.finished()).rejects.toMatchObject({ code: 'JOB_CANCELLED' });
    await until('it is unsubscribed', () => log.includes('unsubscribed'));
  });
});

describe('a generator', () => {
  it.each(['generator', 'async-generator'])(
    'as a handler (%s) fails the job at once, since it would never be run',
    async (job) => {
      await expect(run(job)).rejects.toThrow('The handler is a generator');
    },
  );
});

describe('an Observable elsewhere', () => {
  it('is subscribed in steps, whose time limit unsubscribes it', async () => {
    log = [];
    expect(await run('steps', 'later')).toBe('end');
    await expect(run('steps', 'values')).rejects.toThrow('Step "second"');
    expect(log).toEqual(['subscribed', 'unsubscribed']);
  });

  it('is subscribed in ctx.step, and its last value is recorded', async () => {
    expect(await run('inline', 'values')).toEqual({ result: 3, again: 3 });
  });

  it('is subscribed in @OnJobFail and @OnJobEvent methods', async () => {
    log = [];
    await expect(run('told')).rejects.toThrow('gone');
    await until('both are told', () => log.length === 2);
    expect(log.toSorted()).toEqual(['listener', 'on-fail']);
  });
});
