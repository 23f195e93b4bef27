/** An app with the HTTP API whose job says what the test tells it to, and a client of its streams. */
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Module, type CanActivate, type INestApplication, type Type } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Job, JobContext, JobSchedulerModule, JobService, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { JobSchedulerHttpModule, type JobSchedulerHttpOptions } from 'nestjs-job-scheduler/http';
import { LogStreamController } from '#src/http/streams/log-stream.controller.js';
import { LogStreams } from '#src/service/logs/log-streams.js';
import { until } from '../support/until.js';

export const platforms = ['Express', 'Fastify'] as const;
export type Platform = (typeof platforms)[number];

interface Talk {
  readonly ctx: JobContext;
  readonly end: (error?: Error) => void;
}

const talks = new Map<string, Talk>();

/** Runs until the test ends it. */
@Job({ name: 'talker', retry: 0 })
export class Talker {
  async run(_: unknown, ctx: JobContext): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      talks.set(ctx.id, { ctx, end: (error) => (error ? reject(error) : resolve()) });
    });
  }
}

/** What runs under this id in this process. */
export const talkOf = (id: string): Promise<Talk> => until(`${id} runs`, () => talks.get(id));

export interface Served {
  readonly app: INestApplication;
  readonly jobs: JobService;
  readonly streams: LogStreams;
  readonly controller: LogStreamController;
  readonly url: string;
}

export async function serve(
  scheduler: JobSchedulerOptions,
  {
    platform = 'Express',
    providers = [Talker],
    controllers = [],
    guards = [],
    http,
    prepare = () => undefined,
  }: {
    platform?: Platform;
    providers?: Type[];
    controllers?: Type[];
    guards?: Type<CanActivate>[];
    http?: Omit<JobSchedulerHttpOptions, 'guards'>;
    prepare?: (app: INestApplication) => void;
  } = {},
): Promise<Served> {
  @Module({
    imports: [JobSchedulerHttpModule.register({ ...http, guards }), JobSchedulerModule.forRoot(scheduler)],
    controllers,
    providers,
  })
  class App {}
  const adapter = platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(App, adapter, { abortOnError: false, logger: false });
  prepare(app);
  await app.listen(0, '127.0.0.1');
  const instances = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  const controller = instances.map(({ instance }) => instance).find((each) => each instanceof LogStreamController)!;
  const url = `${await app.getUrl()}/v1/monitor`;
  return { app, jobs: app.get(JobService), streams: app.get(LogStreams), controller, url };
}

export interface Told {
  readonly id: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
}

/** One connection at a time, as a browser's `EventSource` has it; `drop` and `connect` stand for a broken network. */
export class StreamClient {
  readonly told: Told[] = [];
  readonly comments: string[] = [];
  lastEventId: string | undefined;
  retry: number | undefined;
  status = 0;
  headers: IncomingMessage['headers'] = {};
  /** The server ended the response. */
  ended = false;
  private request: ClientRequest | undefined;
  response: IncomingMessage | undefined;

  constructor(
    private readonly url: string,
    private readonly headersSent: Record<string, string> = {},
  ) {}

  async connect(): Promise<this> {
    this.ended = false;
    const headers = {
      ...this.headersSent,
      accept: 'text/event-stream',
      ...(this.lastEventId && { 'last-event-id': this.lastEventId }),
    };
    const sent = request(this.url, { agent: false, headers });
    this.request = sent;
    this.response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('response', resolve).once('error', reject).end();
    });
    sent.on('error', () => undefined);
    this.status = this.response.statusCode!;
    this.headers = this.response.headers;
    let text = '';
    this.response.setEncoding('utf8');
    this.response.on('error', () => undefined);
    this.response.on('end', () => (this.ended = true));
    this.response.on('data', (chunk: string) => {
      const messages = (text + chunk).split('\n\n');
      text = messages.pop()!;
      for (const message of messages) this.take(message);
    });
    return this;
  }

  drop(): void {
    this.request?.destroy();
  }

  messages(): unknown[] {
    return this.told.map(({ type, data }) => (type === 'log' ? data.message : `${type}: ${String(data.status)}`));
  }

  private take(message: string): void {
    const event = { type: 'message', id: '', data: '' };
    for (const line of message.split('\n').filter((each) => each !== '')) {
      const [, field, value] = /^([a-z]*): ?(.*)$/s.exec(line)!;
      if (field === '') this.comments.push(value!);
      if (field === 'event') event.type = value!;
      if (field === 'retry') this.retry = Number(value);
      if (field === 'id') event.id = this.lastEventId = value!;
      if (field === 'data') event.data += value!;
    }
    if (event.data === '') return;
    this.told.push({ ...event, data: JSON.parse(event.data) as Record<string, unknown> });
  }
}
