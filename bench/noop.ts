/** No-op jobs on one Redis of its own: what the benches of throughput have in common. */
import 'reflect-metadata';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { Job, JobSchedulerModule, JobService, type JobSchedulerOptions } from 'nestjs-job-scheduler';
import { startRedis } from '../test/support/servers.mjs';

export const WEIGHTS = { critical: 6, default: 3, low: 1 };
export const QUEUES = Object.entries(WEIGHTS);

let ran: () => void = () => undefined;

/** A job has run. */
export function done(): void {
  ran();
}

@Injectable()
class Noop {
  @Job({ name: 'noop' }) async run(_: { n: number }) {
    done();
  }
}

export interface Round {
  readonly rate: number;
  /** Microseconds of CPU a job. */
  readonly client: number;
  readonly server: number;
  /** Store commands a job, those inside scripts included. */
  readonly commands: number;
}

Logger.overrideLogger(false);

export class NoopBench {
  private constructor(
    readonly server: Awaited<ReturnType<typeof startRedis>>,
    private readonly admin: Redis,
    private readonly jobs: number,
  ) {}

  /** @param jobs in a round. */
  static async open(jobs: number): Promise<NoopBench> {
    const server = await startRedis();
    return new NoopBench(server, new Redis(server.url), jobs);
  }

  async close(): Promise<void> {
    await this.admin.quit();
    await this.server.stop();
  }

  /** Empties the server and puts the jobs into their queues, in the shares of the weights. */
  async fill(prefix: string): Promise<void> {
    await this.admin.flushall();
    const { app, jobs } = await this.startApp('producer', prefix, {});
    for (const [queue, weight] of QUEUES) {
      const count = Math.round((this.jobs * weight) / 10);
      for (let from = 0; from < count; from += 1_000) {
        const batch = Array.from({ length: Math.min(1_000, count - from) }, (_each, n) => ({
          job: 'noop',
          payload: { n },
          options: { queue },
        }));
        await jobs.enqueueMany(batch);
      }
    }
    await app.close();
  }

  /** One round of an app on this library. */
  async product(prefix: string, options: Partial<JobSchedulerOptions> = {}): Promise<Round> {
    await this.fill(prefix);
    const { app, jobs } = await this.startApp('worker', prefix, options);
    return this.measure(async () => {
      await jobs.start();
      return () => app.close();
    });
  }

  /** @param start begins the work; gives what ends it. */
  async measure(start: () => Promise<() => Promise<unknown>>): Promise<Round> {
    let left = this.jobs;
    const finished = new Promise<void>((resolve) => {
      ran = () => {
        if (--left === 0) resolve();
      };
    });
    const before = await this.serverState();
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    const stop = await start();
    await finished;
    const seconds = (performance.now() - startedAt) / 1_000;
    const used = process.cpuUsage(cpu);
    const after = await this.serverState();
    await stop();
    return {
      rate: this.jobs / seconds,
      client: (used.user + used.system) / this.jobs,
      server: (after.cpu - before.cpu) / this.jobs,
      commands: (after.commands - before.commands) / this.jobs,
    };
  }

  private async startApp(role: 'producer' | 'worker', prefix: string, options: Partial<JobSchedulerOptions>) {
    const connection = this.server.url;
    const fixed = { connection, prefix, queues: WEIGHTS, concurrency: 10, role, autoStart: false };
    @Module({ imports: [JobSchedulerModule.forRoot({ ...options, ...fixed })], providers: [Noop] })
    class App {}
    const app = await NestFactory.createApplicationContext(App, { logger: false });
    return { app, jobs: app.get(JobService) };
  }

  private async serverState(): Promise<{ cpu: number; commands: number }> {
    const [cpu, stats] = await Promise.all([this.admin.info('cpu'), this.admin.info('commandstats')]);
    const seconds = [/used_cpu_sys:([\d.]+)/, /used_cpu_user:([\d.]+)/].map((pattern) =>
      Number(pattern.exec(cpu)?.[1] ?? 0),
    );
    const calls = [...stats.matchAll(/calls=(\d+)/g)].map((match) => Number(match[1]));
    return { cpu: seconds.reduce((a, b) => a + b) * 1e6, commands: calls.reduce((a, b) => a + b) };
  }
}

export interface Pair {
  readonly first: Round;
  readonly second: Round;
}

/** Rounds of two subjects in turn, after one of each to warm up. */
export async function inTurn(
  pairs: number,
  first: (prefix: string) => Promise<Round>,
  second: (prefix: string) => Promise<Round>,
): Promise<Pair[]> {
  await first('warm1');
  await second('warm2');
  const rounds: Pair[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) {
      const one = await first(`a${pair}`);
      rounds.push({ first: one, second: await second(`b${pair}`) });
    } else {
      const other = await second(`a${pair}`);
      rounds.push({ first: await first(`b${pair}`), second: other });
    }
  }
  return rounds;
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** A line with the medians of a subject's rounds. */
export function lineOf(name: string, rounds: readonly Round[]): string {
  const of = (pick: (round: Round) => number) => median(rounds.map(pick));
  const rate = of(({ rate: each }) => each).toFixed(0);
  const client = of(({ client: each }) => each).toFixed(0);
  const server = of(({ server: each }) => each).toFixed(0);
  const commands = of(({ commands: each }) => each).toFixed(1);
  return `${name.padEnd(22)} ${rate.padStart(6)} jobs/s   client ${client} µs/job   server ${server} µs/job   ${commands} commands/job`;
}

/** The median of the pairs' ratios of rates, second to first, with the least and the greatest. */
export function ratioOf(pairs: readonly Pair[]): string {
  const ratios = pairs.map(({ first, second }) => second.rate / first.rate);
  return `median of ${pairs.length} pairs: ${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`;
}
