import type { AppPlan, Run } from '../schedules/app.js';
import { startChild, type TestChild } from '../support/child.js';
import { figure, spread } from '../support/figure.js';

/** What runs of a service; its declarations are told often, and it counts as live for a short time. */
export interface ServicePlan {
  readonly url: string;
  readonly prefix: string;
  readonly jobs: AppPlan['jobs'];
  readonly options?: AppPlan['options'];
  readonly timing?: AppPlan['timing'];
  /** Apps in this one process. */
  readonly count?: number;
}

/** A process of a service. Resolves when it takes jobs and fires schedules. */
export async function startService({ url, prefix, jobs, options, timing, count = 1 }: ServicePlan): Promise<TestChild> {
  const plan: AppPlan = { options: { connection: url, prefix, ...options }, jobs, ...(timing && { timing }) };
  const child = startChild('test/deploys/service.child.ts', {
    env: { PLAN: JSON.stringify(plan), COUNT: String(count) },
  });
  await child.next('ready');
  return child;
}

export function runsOf(child: TestChild, job: string): Run[] {
  const runs = child.events.filter(({ event }) => event === 'ran') as unknown as Run[];
  return runs.filter((run) => run.job === job);
}

/** Executions that did not come to a good end, as this child has heard of them. */
export function endsOf(child: TestChild): { type: string; job: string; code?: string; reason?: string }[] {
  return child.events.filter(({ event }) => event === 'ended').map(({ event: _, ...end }) => end as never);
}

let calls = 0;
export async function call<T>(child: TestChild, ...args: readonly [name: string, ...unknown[]]): Promise<T> {
  // Each call is another line.
  const line = `${JSON.stringify(args)}${' '.repeat(++calls % 1_000)}`;
  child.write(line);
  const answer = await child.next('answer', { accepts: (event) => event['call'] === line });
  if (answer['error'] !== undefined) throw new Error(answer['error'] as string);
  return answer['answer'] as T;
}

/** Whether each fire of a schedule has run once, in whatever order, from the first to the last of these. */
export function isWhole(runs: readonly Run[], every: number): boolean {
  const times = runs.map(({ scheduledFor }) => scheduledFor! / every).toSorted((a, b) => a - b);
  return times.every((time, index) => time === times[0]! + index);
}

/** How late fires were, for people who read the run. */
export function tellLateness(what: string, runs: readonly Run[]): void {
  figure(`${what}: fires late by ${spread(runs.map(({ at, scheduledFor }) => at - scheduledFor!)).words}`);
}
