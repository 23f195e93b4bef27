/** Users of Redis with the rights that docs/connections.md describes, or fewer. */
import { readFileSync } from 'node:fs';
import { Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { Job, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { startRedis, type TestServer } from '../support/servers.mjs';

const page = () => readFileSync('docs/connections.md', 'utf8');

/** Its line for another prefix. */
export function documentedRights(prefix: string): string {
  const [, rules = ''] = /^ACL SETUSER jobs on >secret (.*)$/m.exec(page()) ?? [];
  return rules.replaceAll('{jobs', `{${prefix}`);
}

/** The commands of its list, in small letters. */
export function documentedCommands(): string[] {
  const [list = ''] = /^\+auth .*$/m.exec(page()) ?? [];
  return list.split(' ').map((rule) => rule.slice(1));
}

class Greet {
  @Job()
  run(name: string): string {
    return `hello ${name}`;
  }
}
@Module({ providers: [Greet] })
export class Jobs {}

/** Starts a Redis of its own for the spec file that calls it, and apps whose user has some rights only. */
export function redisWithUsers() {
  let server: TestServer;
  let admin: Redis;
  let app: INestApplicationContext | undefined;
  /** What the library has logged in this test. */
  const warnings: string[] = [];

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    Logger.overrideLogger({
      log: () => undefined,
      error: (text: unknown) => void warnings.push(String(text)),
      warn: (text: unknown) => void warnings.push(String(text)),
    });
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    warnings.length = 0;
  });
  afterAll(async () => {
    await admin.quit();
    await server.stop();
    Logger.overrideLogger(false);
  });

  async function boot(rules: string, prefix: string): Promise<INestApplicationContext> {
    await admin.call('ACL', 'SETUSER', prefix, 'reset', 'on', '>pass', ...rules.split(' '));
    const connection = `redis://${prefix}:pass@127.0.0.1:${server.port}`;
    app = await NestFactory.createApplicationContext(
      { module: Jobs, imports: [JobSchedulerModule.forRoot({ connection, prefix })] },
      { abortOnError: false },
    );
    return app;
  }

  return { boot, warnings, admin: () => admin };
}

/** Runs one job, and gives its result. */
export async function runOne(started: INestApplicationContext, name: string): Promise<unknown> {
  const handle = await started.get(JobService).enqueue([Greet, 'run'], name);
  return handle.finished();
}
