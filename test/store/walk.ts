/** Every public method of the services, once each: for tests that look at what reaches a caller. */
import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  DeadLetters,
  ERROR_CODES,
  Job,
  JobHealth,
  JobHistory,
  JobMonitor,
  JobSchedulerError,
  JobSchedulerModule,
  JobService,
  LockService,
  ScheduleService,
  type Connection,
  type JobHandle,
  type Lock,
} from 'nestjs-job-scheduler';
import { firstValueFrom } from 'rxjs';
import { ceiling, LONGEST_WAIT } from '../support/machine.js';
import { randomPrefix } from '../support/prefix.js';

@Injectable()
class Works {
  @Job()
  quick(): string {
    return 'done';
  }
  @Job({ retry: 0 })
  fails(): void {
    throw new Error('as planned');
  }
  @Job({ queue: 'paused' })
  waits(): void {
    // Its queue hands out nothing.
  }
}

@Module({ providers: [Works] })
class Jobs {}

type Call = () => unknown;
/** A line for each public member: the compiler counts them. */
type CallsOf<S> = Record<keyof S, Call>;

export interface Walk {
  readonly app: INestApplicationContext;
  readonly prefix: string;
  /** Calls every method. Each line is `ok` or a code of ours; else what reached the caller. */
  take(): Promise<Record<string, string>>;
}

export async function openWalk(connection: Connection, prefix = randomPrefix()): Promise<Walk> {
  const queues = { default: 2, paused: 1 };
  const app = await NestFactory.createApplicationContext(
    { module: Jobs, imports: [JobSchedulerModule.forRoot({ connection, prefix, queues, shutdownTimeout: '1s' })] },
    { abortOnError: false, logger: false },
  );
  const jobs = app.get(JobService);
  const schedules = app.get(ScheduleService);
  await jobs.pauseQueue('paused');
  const ended = await jobs.enqueue([Works, 'quick']);
  await ended.finished();
  const failed = await jobs.enqueue([Works, 'fails']);
  await failed.finished().catch(() => undefined);
  const waiting = await jobs.enqueue([Works, 'waits']);
  const { id } = await schedules.create({ job: [Works, 'quick'], every: '1h' });
  const lock = (await app.get(LockService).acquire('held', '1h'))!;
  const calls = callsOf(app, { ended, failed, waiting, lock, schedule: id });
  return {
    app,
    prefix,
    async take() {
      const told = Object.entries(calls).map(async ([name, call]) => [name, await endOf(name, call)] as const);
      const ends = Object.fromEntries(await Promise.all(told));
      // One after the other, when all else is over: they concern all.
      for (const name of ['stop', 'start'] as const) ends[`jobs.${name}`] = await endOf(name, () => jobs[name]());
      return ends;
    },
  };
}

interface Known {
  readonly ended: JobHandle;
  readonly failed: JobHandle;
  readonly waiting: JobHandle;
  readonly lock: Lock;
  readonly schedule: string;
}

function callsOf(
  app: INestApplicationContext,
  { ended, failed, waiting, lock, schedule }: Known,
): Record<string, Call> {
  const [jobs, schedules, locks] = [app.get(JobService), app.get(ScheduleService), app.get(LockService)];
  const [history, monitor, letters, health] = [
    app.get(JobHistory),
    app.get(JobMonitor),
    app.get(DeadLetters),
    app.get(JobHealth),
  ];
  const quick = [Works, 'quick'] as const;
  const ofJobs: CallsOf<Omit<JobService, 'start' | 'stop' | 'isRunning' | 'workerId'>> = {
    enqueue: () => jobs.enqueue(quick),
    enqueueAt: () => jobs.enqueueAt(quick, undefined, new Date(Date.now() + 60_000)),
    enqueueIn: () => jobs.enqueueIn(quick, undefined, '1m'),
    enqueueMany: () => jobs.enqueueMany([{ job: quick }, { job: quick }]),
    trigger: () => jobs.trigger(quick),
    cancel: () => jobs.cancel(waiting.id),
    promote: () => jobs.promote(waiting.id),
    retry: () => jobs.retry(failed.id),
    getStatus: () => jobs.getStatus(ended.id),
    getScheduled: () => jobs.getScheduled(),
    getJobs: () => jobs.getJobs(),
    discover: () => jobs.discover(),
    register: () => jobs.register({ name: `more-${Math.random()}` }, () => undefined),
    pauseQueue: () => jobs.pauseQueue('paused'),
    resumeQueue: () => jobs.resumeQueue('default'),
    getQueue: () => jobs.getQueue('default'),
    getQueues: () => jobs.getQueues(),
    // Nothing needs to happen: that it listens is enough.
    events: () => Promise.race([firstValueFrom(jobs.events()), pause(8_000)]),
  };
  const ofSchedules: CallsOf<ScheduleService> = {
    list: () => schedules.list(),
    get: () => schedules.get(schedule),
    create: () => schedules.create({ job: quick, every: '2h' }),
    update: () => schedules.update(schedule, { every: `${2 + Math.floor(Math.random() * 20)}h` }),
    delete: () => schedules.delete('unknown'),
    enable: () => schedules.enable(schedule),
    disable: () => schedules.disable(schedule),
    runNow: () => schedules.runNow(schedule),
  };
  const ofLocks: CallsOf<Omit<LockService, 'close'>> = {
    acquire: () => locks.acquire('other', '1s'),
    acquireWait: () => locks.acquireWait('other', '1s', { timeout: '5s' }),
    withLock: () => locks.withLock('another', '1s', () => 1),
  };
  const ofHistory: CallsOf<JobHistory> = {
    getExecutions: () => history.getExecutions(quick),
    find: () => history.find({ status: 'pending' }),
    getExecution: () => history.getExecution(ended.id),
    getLogs: () => history.getLogs(ended.id),
    clear: () => history.clear([Works, 'waits']),
    clearSchedule: () => history.clearSchedule(schedule),
    getStats: () => history.getStats(quick),
    kept: () => history.kept(quick),
    getAllStats: () => history.getAllStats(),
  };
  const ofMonitor: CallsOf<JobMonitor> = {
    healthCheck: () => monitor.healthCheck(),
    failureRate: () => monitor.failureRate(quick),
    averageLatency: () => monitor.averageLatency(quick),
  };
  const ofLetters: CallsOf<DeadLetters> = {
    list: () => letters.list(),
    count: () => letters.count(),
    retry: () => letters.retry({ job: [Works, 'waits'] }),
    discard: () => letters.discard('unknown'),
  };
  const others = {
    'handle.finished': () => ended.finished(),
    'handle.finished in time': () => waiting.finished({ timeout: '3s' }),
    'lock.extend': () => lock.extend('1h'),
    'health.report': () => health.report(),
  };
  const groups = { jobs: ofJobs, schedules: ofSchedules, locks: ofLocks, history: ofHistory, monitor: ofMonitor };
  return {
    ...Object.fromEntries(
      Object.entries({ ...groups, letters: ofLetters }).flatMap(([group, calls]) =>
        Object.entries<Call>(calls).map(([name, call]) => [`${group}.${name}`, call]),
      ),
    ),
    ...others,
  };
}

async function endOf(name: string, call: Call): Promise<string> {
  try {
    // Far above the 5 s for which a store may be silent: one that answers slowly, for many calls that are each tried again, may take longer.
    const hanging = pause(ceiling(LONGEST_WAIT)).then(() => Promise.reject(new Error(`${name} hangs`)));
    await Promise.race([call(), hanging]);
    return 'ok';
  } catch (thrown) {
    if (thrown instanceof JobSchedulerError && ERROR_CODES.includes(thrown.code)) return thrown.code;
    const { name: kind, message, code } = thrown as Error & { code?: unknown };
    return `BARE ${kind} ${String(code)}: ${message}`;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
