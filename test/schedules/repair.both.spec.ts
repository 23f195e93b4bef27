import { describe, expect, it } from '@jest/globals';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { JobEvent } from 'nestjs-job-scheduler';
import { Client } from 'pg';
import { SystemClock } from '#src/common/clock.js';
import { openMemory } from '#bullmq-memory/extend';
import type { ScheduleRepair } from '#src/scheduling/sync/scheduler-sync.js';
import { encodeSchedulerId, TICK_QUEUE } from '#src/store/names.js';
import { EventBus } from '#src/events/event-bus.js';
import { JobHealth } from '#src/service/job-health.js';
import { closedAfterEach } from '../support/closed-after-each.js';
import { randomPrefix } from '../support/prefix.js';
import { until } from '../support/until.js';
import { startApp, type AppPlan, type Run, type TestApp } from './app.js';
import { everyStore, storesOfSuite } from '../support/stores.js';

Logger.overrideLogger(false);

const apps = closedAfterEach<INestApplicationContext>();

const TIMING = { every: 400, liveFor: 60_000, grace: 1_000 };
const ID = 'code:tick';

async function start(plan: Partial<AppPlan> & Pick<AppPlan, 'options'>) {
  const runs: Run[] = [];
  const started = await startApp(
    { timing: TIMING, jobs: [{ name: 'tick', schedule: 'every 1s' }], ...plan },
    (run) => void runs.push(run),
  );
  apps.push(started.app);
  const repairs: ScheduleRepair[] = [];
  const told: JobEvent[] = [];
  started.app.get(EventBus).on((event) => told.push(event));
  started.runtime.repairs.on((repair) => repairs.push(repair));
  return { ...started, runs, repairs, told };
}

/** Deletes the job that BullMQ has planned, past BullMQ, which refuses. */
async function deletePlanned({ store }: TestApp, connection: string, prefix: string): Promise<void> {
  const key = encodeSchedulerId(ID);
  const planned = async () => `repeat:${key}:${(await store.queues.schedulers(TICK_QUEUE, [key]))[0]!.next}`;
  if (connection.startsWith('redis')) {
    const redis = new Redis(connection);
    const base = `{${prefix}:${TICK_QUEUE}}:${TICK_QUEUE}`;
    await until('it is deleted before it is due', async () => {
      const id = await planned();
      return (await redis.zrem(`${base}:delayed`, id)) === 1 && (await redis.unlink(`${base}:${id}`)) === 1;
    });
    await redis.quit();
  } else if (connection.startsWith('postgres')) {
    const client = new Client({ connectionString: connection });
    await client.connect();
    await until('it is deleted before it is due', async () => {
      const sql = `DELETE FROM "${prefix}".job WHERE queue = $1 AND id = $2 AND state = 'delayed'`;
      return (await client.query(sql, [TICK_QUEUE, await planned()])).rowCount === 1;
    });
    await client.end();
  } else {
    const memory = openMemory(prefix, new SystemClock());
    const queue = memory.queue(`${prefix}:${TICK_QUEUE}`);
    await until('it is deleted before it is due', async () => {
      const id = await planned();
      return queue.dueAt(id) !== undefined && queue.remove(id);
    });
    memory.close();
  }
}

describe.each(storesOfSuite(everyStore))('a schedule on %s', (_name, connection) => {
  it('whose pending job was deleted by hand fires again, and that is told', async () => {
    const prefix = randomPrefix();
    const started = await start({ options: { connection, prefix } });
    await until('it fires', () => started.runs.length > 0);
    await deletePlanned(started, connection, prefix);
    const count = started.runs.length;
    await until('it fires again', () => started.runs.length >= count + 2);
    expect(started.repairs).toMatchObject([{ scheduleId: ID, job: 'tick', trouble: 'has lost its next run' }]);
    const health = await started.app.get(JobHealth).report();
    expect(health.repairs).toMatchObject([{ scheduleId: ID }]);
  });

  it('whose entry was removed by hand fires again, and that is told', async () => {
    const started = await start({ options: { connection, prefix: randomPrefix() } });
    await until('it fires', () => started.runs.length > 0);
    const queue = started.store.queues.queue(TICK_QUEUE);
    await queue.removeJobScheduler(encodeSchedulerId(ID));
    await queue.close();
    const count = started.runs.length;
    await until('it fires again', () => started.runs.length >= count + 2);
    await until('it was told', () => started.repairs.length > 0);
    expect(started.repairs).toMatchObject([{ scheduleId: ID, trouble: 'has no next run' }]);
    expect(started.told.filter(({ type }) => type === 'schedule-repaired')).toMatchObject([
      { id: ID, scheduleId: ID, job: 'tick', queue: 'default', repair: { trouble: 'has no next run' } },
    ]);
    const fires = started.runs.map(({ scheduledFor }) => scheduledFor!);
    expect(fires.map((at) => at - fires[0]!)).toEqual(fires.map((_, n) => n * 1_000));
  });
});
