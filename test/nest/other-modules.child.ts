/**
 * The modules that stand in other people's apps: many look at every member of every provider when the app starts. In a
 * process of its own, since Jest cannot let CommonJS packages require Nest. Tells `ran` for each app that ran a job.
 */
import 'reflect-metadata';
import { HttpModule } from '@nestjs/axios';
import { BullModule, InjectQueue } from '@nestjs/bullmq';
import { BullBoardModule } from '@bull-board/nestjs';
import { ExpressAdapter } from '@bull-board/express';
import { CacheModule } from '@nestjs/cache-manager';
import { Injectable, Logger, Module, type DynamicModule, type Type } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { CommandHandler, CqrsModule } from '@nestjs/cqrs';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { ClientsModule, Transport } from '@nestjs/microservices';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { TerminusModule } from '@nestjs/terminus';
import { ThrottlerModule } from '@nestjs/throttler';
import { ClsModule, InjectableProxy } from 'nestjs-cls';
import { LoggerModule } from 'nestjs-pino';
import type { Queue } from 'bullmq';
import { Job, JobSchedulerModule, JobService, OnJobEvent } from 'nestjs-job-scheduler';
import { tell } from '../support/tell.js';

Logger.overrideLogger(false);

@Job()
class Greet {
  async run(name: string) {
    return `Hello, ${name}`;
  }
}

class Ping {}

/** A proxy that throws outside of a request. */
@InjectableProxy({ strict: true })
class Tenant {
  name = '';
}

/** Decorated for all that look: it is to be found by those, and by us. */
@Injectable()
class Busy {
  completed = 0;
  constructor(@InjectQueue('default') readonly queue: Queue) {}

  @Cron('0 0 1 1 *')
  yearly() {}

  @OnEvent('never')
  onNever() {}

  @OnJobEvent('completed')
  onCompleted() {
    this.completed++;
  }
}

@CommandHandler(Ping)
class PingHandler {
  async execute() {}
}

type Import = DynamicModule | Type | Promise<DynamicModule>;

const OTHERS: Record<string, () => Import[]> = {
  '@nestjs/schedule': () => [ScheduleModule.forRoot()],
  '@nestjs/event-emitter': () => [EventEmitterModule.forRoot()],
  'nestjs-cls': () => [ClsModule.forRoot({ global: true, middleware: { mount: true }, proxyProviders: [Tenant] })],
  '@nestjs/config': () => [ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true })],
  '@nestjs/cqrs': () => [CqrsModule.forRoot()],
  '@nestjs/cache-manager': () => [CacheModule.register({ isGlobal: true })],
  '@nestjs/throttler': () => [ThrottlerModule.forRoot([{ ttl: 1_000, limit: 10 }])],
  '@nestjs/axios': () => [HttpModule],
  '@nestjs/microservices': () => [ClientsModule.register([{ name: 'CLIENT', transport: Transport.TCP }])],
  '@nestjs/bullmq': () => [BullModule.forRoot({ connection: { host: '127.0.0.1', port: 1, lazyConnect: true } })],
  '@bull-board/nestjs': () => [BullBoardModule.forRoot({ route: '/board', adapter: ExpressAdapter as never })],
  '@nestjs/terminus': () => [TerminusModule.forRoot({ logger: false })],
  'nestjs-pino': () => [LoggerModule.forRoot({ pinoHttp: { enabled: false } })],
};

const OURS: Record<string, () => Import> = {
  forRoot: () => JobSchedulerModule.forRoot({ connection: 'memory:' }),
  forRootAsync: () =>
    JobSchedulerModule.forRootAsync({
      imports: [ConfigModule.forRoot({ ignoreEnvFile: true })],
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({ connection: config.get<string>('NO_SUCH_URL', 'memory:') }),
      queueNames: ['default'],
    }),
};

/** Ours last, as the README says, first, and in the middle. */
const ORDERS: Record<string, (ours: Import, others: Import[]) => Import[]> = {
  last: (ours, others) => [...others, ours],
  first: (ours, others) => [ours, ...others],
  between: (ours, others) => [...others, ours, TerminusModule],
};

async function bootAndRun(imports: Import[]): Promise<void> {
  @Module({ imports, providers: [Greet, Busy, PingHandler] })
  class App {}
  const app = await NestFactory.create(App, { logger: false, abortOnError: false });
  try {
    SwaggerModule.createDocument(app, new DocumentBuilder().build());
    await app.init();
    const handle = await app.get(JobService).enqueue(Greet, 'Ada');
    const result = await handle.finished();
    const { failed } = await app.get(Busy).queue.getJobCounts('failed');
    if (result !== 'Hello, Ada' || failed !== 0) throw new Error(`It ended with ${result}, ${failed} failed`);
  } finally {
    await app.close();
  }
}

async function main(): Promise<void> {
  for (const [way, ours] of Object.entries(OURS)) {
    for (const [order, arrange] of Object.entries(ORDERS)) {
      const all = Object.values(OTHERS).flatMap((make) => make());
      const apps = { ...OTHERS, 'all of them': () => all };
      for (const [name, make] of Object.entries(apps)) {
        const error = await bootAndRun(arrange(ours(), make())).catch((thrown: Error) => thrown);
        tell('ran', { name, way, order, error: error?.stack });
      }
    }
  }
  tell('done');
  process.exit(0);
}

void main();
