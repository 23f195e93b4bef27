import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobSchedulerModule, JobService } from 'nestjs-job-scheduler';
import { startChild, type ChildEvent, type TestChild } from '../support/child.js';
import { randomPrefix } from '../support/prefix.js';
import { sharedStores } from '../support/stores.js';
import { until } from '../support/until.js';

@Injectable()
class Work {
  static ran = 0;

  @Job({ name: 'work' })
  async work(): Promise<void> {
    Work.ran++;
  }
}

const told = async (children: TestChild[], whenFull: string) =>
  Promise.all(children.map((child) => child.next('done', { accepts: (event) => event.whenFull === whenFull })));
const sum = (events: ChildEvent[]) => events.reduce((total, { taken }) => total + Number(taken), 0);

describe.each(sharedStores)('four producers at once and a bound of 100 on %s', (_name, connection) => {
  it('never have more than 100 jobs wait, while others consume them', async () => {
    const prefix = randomPrefix();
    @Module({
      imports: [
        JobSchedulerModule.forRoot({
          connection,
          prefix,
          queues: { default: { weight: 1, maxWaiting: 100 } },
          autoStart: false,
        }),
      ],
      providers: [Work],
    })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { abortOnError: false, logger: false });
    Work.ran = 0;
    let most = 0;
    let watching: Promise<void> | undefined;
    const over = new AbortController();
    try {
      const jobs = app.get(JobService);
      const look = async () => {
        const { pending } = (await jobs.getQueue('default')).counts;
        most = Math.max(most, pending);
        return pending;
      };
      watching = (async () => {
        for (; !over.signal.aborted; await pause(5)) await look();
      })();
      const children = Array.from({ length: 4 }, () =>
        startChild('test/queues/producer.child.ts', { env: { STORE: connection, PREFIX: prefix } }),
      );
      await Promise.all(children.map((child) => child.next('ready')));

      for (const child of children) child.write('reject 200');
      expect(sum(await told(children, 'reject'))).toBe(100);
      expect(await look()).toBe(100);

      await jobs.start();
      for (const child of children) child.write('wait 50');
      expect(sum(await told(children, 'wait'))).toBe(200);
      await until('all have run', () => Work.ran === 300);
      expect(most).toBe(100);

      for (const child of children) child.write('end');
      await Promise.all(children.map((child) => child.next('closed')));
    } finally {
      over.abort();
      await watching;
      await app.close();
    }
  });
});
