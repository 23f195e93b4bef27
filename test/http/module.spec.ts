/** How the HTTP API stands in an app: guards, paths, what it tells of errors, and what it leaves alone. */
import { describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Body,
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  Injectable,
  Logger,
  Module,
  Param,
  Post,
  Scope,
  UnauthorizedException,
  VersioningType,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { JobService } from 'nestjs-job-scheduler';
import { JobErrorFilter, JobSchedulerHttpModule, type JobSchedulerHttpOptions } from 'nestjs-job-scheduler/http';
import { JobSchedulerBoot } from '#src/service/runtime/job-scheduler-boot.js';
import { Api, curlBody, platforms, problem, type ApiOptions } from './app.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { WAIT } from '../support/machine.js';

Logger.overrideLogger(false);

const apis = closedAfterEach<Api>();

async function start(options: ApiOptions): Promise<Api> {
  const api = await Api.start(options);
  apis.push(api);
  return api;
}

const request = (context: ExecutionContext) =>
  context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();

@Injectable()
class Keys {
  readonly known = new Set(['key of ada']);
}

@Module({ providers: [Keys], exports: [Keys] })
class KeysModule {}

@Injectable()
class KeyGuard implements CanActivate {
  constructor(private readonly keys: Keys) {}
  canActivate(context: ExecutionContext): boolean {
    const key = request(context).headers['x-key'];
    if (key === undefined) throw new UnauthorizedException('Send a key');
    return this.keys.known.has(key);
  }
}

@Injectable({ scope: Scope.REQUEST })
class OfficeHours implements CanActivate {
  canActivate(context: ExecutionContext): Promise<boolean> {
    if (request(context).headers['x-hour'] === 'night') throw new ForbiddenException('Closed at redis://u:p@db:6379');
    return Promise.resolve(true);
  }
}

@Injectable()
class Teapot implements CanActivate {
  canActivate(): boolean {
    throw new HttpException('Short and stout', 418);
  }
}

@Injectable()
class Broken implements CanActivate {
  canActivate(): boolean {
    throw new Error('no connection to postgres://user:secret@db/app');
  }
}

describe('a boot', () => {
  it.each<[JobSchedulerHttpOptions | undefined, RegExp]>([
    [undefined, /guards: There are none\. The HTTP API can run, change and delete jobs.*guards: \[\]/s],
    [{} as JobSchedulerHttpOptions, /faults? in the options of JobSchedulerHttpModule:\n {2}- guards: There are none/],
    [{ guards: 'AdminGuard' as never }, /guards: They are no list of guards\. Allowed: classes/],
    [{ guards: [class NoGuard {} as never] }, /guards: They are no list of guards/],
    [{ guards: [], path: 'v1//monitor' }, /path: "v1\/\/monitor" is no path\. Allowed:/],
    [{ guards: [], path: ':tenant' }, /path: ":tenant" is no path/],
    [{ guards: [], exposeErrors: 'yes' as never }, /exposeErrors: "yes" is not allowed\. Allowed: true or false/],
  ])('with options %j fails, and says what to do', async (http, message) => {
    @Module({ imports: [JobSchedulerHttpModule.register(http as JobSchedulerHttpOptions)] })
    class WithFaults {}
    await expect(start({ imports: [WithFaults] })).rejects.toThrow(message);
  });
});

describe.each(platforms)('on %s', (platform) => {
  it('guards are resolved by their modules, asked in order, and stand before everything else', async () => {
    const guards = [KeyGuard, OfficeHours];
    const api = await start({ platform, http: { guards, imports: [KeysModule] } });
    for (const [method, path, body] of [
      ['GET', 'jobs'],
      ['POST', 'jobs', curlBody],
      ['POST', 'jobs', { no: 'job' }],
      ['GET', 'jobs?limit=none'],
      ['DELETE', 'jobs/code:code.job'],
      ['POST', 'queues/low/pause'],
      ['POST', 'dead-letters/discard', { all: true }],
      ['GET', 'jobs/code:code.job/logs/stream'],
      ['GET', 'events/stream'],
    ] as const) {
      expect(problem(await api.call(method, path, body))).toMatchObject({
        status: 401,
        code: 'REQUEST_REFUSED',
        detail: 'Send a key',
      });
      expect(problem(await api.call(method, path, body, { 'x-key': 'key of eve' }))).toMatchObject({
        status: 403,
        code: 'REQUEST_REFUSED',
      });
      const atNight = await api.call(method, path, body, { 'x-key': 'key of ada', 'x-hour': 'night' });
      expect(problem(atNight)).toMatchObject({ status: 403, detail: 'Closed at redis://…' });
    }
    expect(await api.schedules.list({ source: 'api' })).toEqual([]);
    expect((await api.call('POST', 'jobs', curlBody, { 'x-key': 'key of ada' })).status).toBe(201);
  });

  it('a guard’s own status is kept, and what breaks in it is not told', async () => {
    const teapot = await start({ platform, http: { guards: [Teapot] } });
    expect(problem(await teapot.call('GET', 'jobs'))).toMatchObject({ status: 418, detail: 'Short and stout' });
    const broken = await start({ platform, http: { guards: [Broken] } });
    const answer = problem(await broken.call('GET', 'jobs'));
    expect(answer).toMatchObject({ status: 500, code: 'INTERNAL' });
    expect(JSON.stringify(answer)).not.toMatch(/postgres|secret|module\.spec/);
    const exposing = await start({ platform, http: { guards: [Broken], exposeErrors: true } });
    expect(problem(await exposing.call('GET', 'jobs'))).toMatchObject({
      status: 500,
      detail: 'no connection to postgres://user:secret@db/app',
      stack: expect.stringContaining('module.spec'),
    });
  });

  it('with exposeErrors executions have their stacks', async () => {
    const api = await start({ platform, http: { guards: [], exposeErrors: true } });
    const handle = await api.jobs.enqueue('failing.job', {});
    await expect(handle.finished(WAIT)).rejects.toThrow('cannot reach');
    const { body } = await api.call('GET', `executions/${handle.id}`);
    expect(body).toMatchObject({
      error: { message: expect.stringContaining('redis://user:secret@db.internal') },
      attempts: [{ stack: expect.stringContaining('at ') }],
    });
  });

  it('stands at its path below the global prefix, whatever versions the app’s own routes have', async () => {
    const api = await start({
      platform,
      http: { guards: [], path: '/admin/work/' },
      prepare: (app) => {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '7' });
      },
    });
    const base = '../../api/admin/work';
    const made = await api.call('POST', `${base}/jobs`, curlBody);
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`/api/admin/work/jobs/${String(made.body['id'])}`);
    for (const [path, body] of [['nothing'], ['jobs', '{']] as const)
      expect(problem(await api.call('POST', `${base}/${path}`, body)).instance).toBe(`/api/admin/work/${path}`);
    expect((await api.call('GET', 'jobs')).status).toBe(404);
  });

  it('two of them stand in one app, each with its own guards', async () => {
    const api = await start({
      platform,
      imports: [JobSchedulerHttpModule.register({ path: 'admin', guards: [KeyGuard], imports: [KeysModule] })],
    });
    expect((await api.call('GET', 'jobs')).status).toBe(200);
    expect(problem(await api.call('GET', '../../admin/jobs')).status).toBe(401);
    expect((await api.call('GET', '../../admin/jobs', undefined, { 'x-key': 'key of ada' })).status).toBe(200);
  });

  it('the app’s own routes keep their errors', async () => {
    @Controller()
    class Own {
      @Get('own')
      get(): never {
        throw new BadRequestException('as Nest says it');
      }
      @Post('own')
      post(): void {}
    }
    const api = await start({ platform, controllers: [Own] });
    const plain = async (method: string, path: string, body?: string) => {
      const answer = await api.call(method, `../../${path}`, body);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      return answer;
    };
    expect((await plain('GET', 'own')).body).toMatchObject({ message: 'as Nest says it', statusCode: 400 });
    expect(await plain('POST', 'own', '{')).toMatchObject({ status: 400, body: { statusCode: 400 } });
    expect(await plain('GET', 'v1/other')).toMatchObject({ status: 404, body: { statusCode: 404 } });
    expect(await plain('GET', 'v1/monitors')).toMatchObject({ status: 404, body: { statusCode: 404 } });
  });

  it('JobErrorFilter answers the app’s own routes by what is wrong, and hides what is the app’s fault', async () => {
    @Controller('own')
    class Own {
      constructor(private readonly jobs: JobService) {}
      @Post(':job')
      async enqueue(@Param('job') job: string, @Body() body: unknown): Promise<string> {
        return (await this.jobs.enqueue(job, body)).id;
      }
    }
    @Module({ providers: [{ provide: APP_FILTER, useClass: JobErrorFilter }] })
    class Filters {}
    const api = await start({ platform, controllers: [Own], imports: [Filters] });
    const post = async (job: string, body: unknown) => {
      const { status, body: answer } = await api.call('POST', `../../own/${job}`, body);
      return { status, answer };
    };
    expect(await post('strict.job', { day: 'a' })).toEqual({
      status: 400,
      answer: {
        statusCode: 400,
        code: 'PAYLOAD_INVALID',
        message: expect.stringContaining('day'),
        issues: [{ path: 'day', message: expect.any(String) }],
      },
    });
    expect(await post('no.job', {})).toEqual({
      status: 500,
      answer: { statusCode: 500, message: 'Internal server error' },
    });
    expect((await post('strict.job', { day: 'monday' })).status).toBe(201);
    await api.app.get(JobSchedulerBoot).close();
    const away = await post('strict.job', { day: 'monday' });
    expect(away).toMatchObject({ status: 503, answer: { code: 'NOT_STARTED' } });
    expect(problem(await api.call('GET', 'jobs/none')).status).toBeGreaterThanOrEqual(404);
  });
});
