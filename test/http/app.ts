/** An app with the HTTP API, on Express or Fastify, and a client of it. */
import { expect } from '@jest/globals';
import { Module, type DynamicModule, type INestApplication, type LoggerService, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { z } from 'zod';
import {
  Job,
  JobContext,
  JobSchedulerModule,
  JobService,
  ScheduleService,
  type JobSchedulerOptions,
} from 'nestjs-job-scheduler';
import {
  fastifyUrlProblems,
  JobSchedulerHttpModule,
  type JobSchedulerHttpOptions,
  type Problem,
} from 'nestjs-job-scheduler/http';
import { Execution, Started } from '#src/http/schemas/execution.schema.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';

export const platforms = ['Express', 'Fastify'] as const;
export type Platform = (typeof platforms)[number];

/** Takes what the curl of docs/rest.md#jobs sends. */
@Job({ name: 'my.job', description: 'Says what it was given' })
export class MyJob {
  run(payload: unknown, ctx: JobContext): unknown {
    ctx.log('ran', { payload });
    return payload;
  }
}

@Job({ name: 'strict.job', schema: z.object({ day: z.string().min(3) }), overlap: 'wait', misfire: 'once' })
export class StrictJob {
  run(payload: { day: string }): string {
    return payload.day;
  }
}

@Job({ name: 'code.job', schedule: '0 2 * * *' })
export class CodeJob {
  run(): void {}
}

/** Fails as a driver does, which names what it was to connect to. */
@Job({ name: 'failing.job', retry: 0 })
export class FailingJob {
  run(): never {
    throw new Error('cannot reach redis://user:secret@db.internal:6379/0 through https://me:pw@proxy.internal/x');
  }
}

/** Runs until it is cancelled. */
@Job({ name: 'endless.job' })
export class EndlessJob {
  async run(_: unknown, { signal }: JobContext): Promise<void> {
    await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  }
}

export const targets: Type[] = [MyJob, StrictJob, CodeJob, FailingJob, EndlessJob];

export interface ApiOptions {
  readonly platform?: Platform;
  readonly scheduler?: JobSchedulerOptions;
  readonly http?: JobSchedulerHttpOptions;
  readonly imports?: (DynamicModule | Type)[];
  readonly controllers?: Type[];
  /** Default: none. */
  readonly logger?: LoggerService;
  /** Before it listens. */
  readonly prepare?: (app: INestApplication) => void;
}

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export class Api {
  private constructor(
    readonly app: INestApplication,
    readonly url: string,
  ) {}

  static async start(options: ApiOptions = {}): Promise<Api> {
    const { platform = 'Express', scheduler, http, imports = [], controllers = [], logger = false, prepare } = options;
    @Module({
      imports: [
        ...imports,
        JobSchedulerHttpModule.register(http ?? { guards: [] }),
        JobSchedulerModule.forRoot({ prefix: randomPrefix(), ...scheduler }),
      ],
      controllers,
      providers: targets,
    })
    class App {}
    const adapter =
      platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter({ frameworkErrors: fastifyUrlProblems });
    const app = await NestFactory.create(App, adapter, { abortOnError: false, logger });
    try {
      prepare?.(app);
      await app.listen(0, '127.0.0.1');
    } catch (error) {
      await app.close();
      throw error;
    }
    return new Api(app, await app.getUrl());
  }

  get jobs(): JobService {
    return this.app.get(JobService);
  }

  get schedules(): ScheduleService {
    return this.app.get(ScheduleService);
  }

  /** @param path below `/v1/monitor/`. @param body an object is sent as JSON, a text as it is. */
  async call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<Body>> {
    const response = await fetch(`${this.url}/v1/monitor/${path}`, {
      method,
      // An idle connection may be closed by the server just when the next request takes it, if this process halts.
      headers: { connection: 'close', ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (/json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : undefined) as Body,
    };
  }

  /** Creates a job. @returns its id. */
  create(more: object = {}): Promise<string> {
    return createdJob(this, more);
  }

  /** Sends what starts an execution. @returns its id. */
  started(path: string, body?: unknown): Promise<string> {
    return startedExecution(this, path, body);
  }

  /** Waits until an execution has that status. */
  ended(id: string, status: string): Promise<z.output<typeof Execution>> {
    return until(`execution ${id} is ${status}`, async () => {
      const { body } = await this.call('GET', `executions/${id}`);
      return body['status'] === status && conforming(Execution, body);
    });
  }

  async close(): Promise<void> {
    await this.app.close();
  }
}

/** The body of the curl in docs/rest.md#jobs. */
export const curlBody = {
  jobName: 'My Job',
  jobGroup: 'DEFAULT',
  invokeTarget: 'my.job',
  invokeParams: { key: 'value' },
  cronExpression: '0 0 * * *',
  status: '0',
};

/** What an answer says that is an error, after checking that it says it as problem details. */
export function problem({ status, headers, body }: Answer): Problem {
  expect([status, headers.get('content-type')]).toEqual([
    expect.any(Number),
    expect.stringMatching(/^application\/problem\+json(;|$)/),
  ]);
  expect(body).toEqual(
    expect.objectContaining({
      type: `urn:nestjs-job-scheduler:error:${String(body['code'])}`,
      title: expect.any(String),
      status,
      detail: expect.any(String),
      instance: expect.stringMatching(/^\//),
      code: expect.stringMatching(/^[A-Z_]+$/),
    }),
  );
  return body as unknown as Problem;
}

/** A body, after checking that it is what the OpenAPI document says, with no field more. */
export function conforming<S extends z.ZodObject>(schema: S, body: unknown): z.output<S> {
  const result = schema.strict().safeParse(body);
  if (!result.success) throw new Error(`${z.prettifyError(result.error)}\n${JSON.stringify(body, undefined, 1)}`);
  return result.data as z.output<S>;
}

async function createdJob(api: Api, more: object): Promise<string> {
  const { status, body } = await api.call('POST', 'jobs', { ...curlBody, ...more });
  expect([status, body]).toEqual([201, expect.anything()]);
  return String(body['id']);
}

async function startedExecution(api: Api, path: string, body: unknown): Promise<string> {
  const answer = await api.call('POST', path, body);
  expect([answer.status, answer.body]).toEqual([202, expect.anything()]);
  const { executionId } = conforming(Started, answer.body);
  expect(answer.headers.get('location')).toBe(`/v1/monitor/executions/${executionId}`);
  return executionId;
}
