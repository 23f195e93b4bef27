import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobSchedulerModule, JobService, LockService } from 'nestjs-job-scheduler';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';

Logger.overrideLogger(false);

let apps: INestApplicationContext[] = [];
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
});

@Injectable()
class Import {
  done = false;
  constructor(readonly locks: LockService) {}

  @Job()
  async run(): Promise<void> {
    await this.locks.withLock('import', '30s', async () => {
      holding = true;
      await until('the app stops', () => stopping);
      this.done = true;
    });
  }
}

let stopping = false;
let holding = false;

async function start(connection: string | undefined, prefix: string) {
  @Module({ imports: [JobSchedulerModule.forRoot({ connection, prefix })], providers: [Import] })
  class App {}
  const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
  apps.push(app);
  return app;
}

describe('LockService in an app', () => {
  it.each(sharedStores)('holds over all apps on %s, until its app has stopped', async (_, url) => {
    stopping = false;
    holding = false;
    const prefix = randomPrefix();
    const [one, other] = [await start(url, prefix), await start(url, prefix)];
    const held = (await one.get(LockService).acquire('held', '30s'))!;
    expect(await other.get(LockService).acquire('held', '30s')).toBeUndefined();
    await one.get(JobService).enqueue([Import, 'run'], undefined);
    const { locks } = other.get(Import);
    await until('the job holds its lock', () => holding);
    expect(await locks.acquire('import', '30s')).toBeUndefined();

    stopping = true;
    const waiting = locks.acquireWait('held', '30s');
    await one.close();
    expect((await waiting).fence).toBeGreaterThan(held.fence);
    expect(held.signal.reason).toMatchObject({ code: 'LOCK_LOST' });
    await expect(one.get(LockService).acquire('held', '30s')).rejects.toMatchObject({ code: 'NOT_STARTED' });
    // Whichever app ran the job: it had its lock until it had ended.
    await until('the job has ended', () => one.get(Import).done || other.get(Import).done);
  });

  it('is refused while providers are being made', async () => {
    let refused: Promise<unknown> | undefined;
    @Injectable()
    class TooEarly {
      constructor(locks: LockService) {
        refused = locks.acquire('key', '30s').catch((error: unknown) => error);
      }
    }
    @Module({ imports: [JobSchedulerModule.forRoot({ prefix: randomPrefix() })], providers: [TooEarly] })
    class App {}
    apps.push(await NestFactory.createApplicationContext(App, { logger: false }));
    const refusal = (await refused) as Error;
    expect(refusal).toMatchObject({ code: 'NOT_STARTED' });
    expect(String(refusal)).toContain('acquire a lock');
  });
});
