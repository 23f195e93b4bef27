import type { Run } from '../activity/activity-log.js';
import { checks } from './checks.js';
import type { Outcome } from './outcome.js';
import { table } from './table.js';

/** What the run came to, for people. */
export function report(outcome: Outcome): string {
  return [
    '',
    `Queues, and their shares of ${outcome.shares.starts} starts in ${outcome.shares.seconds.toFixed(1)} s while all of them had jobs waiting`,
    queueTable(outcome),
    '',
    'Jobs',
    jobTable(outcome.runs),
    '',
    retries(outcome.runs),
    resumedSteps(outcome),
    ...ticks(outcome),
    '',
    'Next runs',
    scheduleTable(outcome),
    '',
    `Output in ${outcome.dataDirectory}`,
    `  digest   ${outcome.digest.path}`,
    `  backup   ${outcome.backups[1].name}, ${(outcome.backups[1].bytes / 2 ** 20).toFixed(1)} MB`,
    '',
    ...checks(outcome).map(({ promise, kept, found }) => `${kept ? '✔' : '✘'} ${promise} (${found})`),
    '',
    `${outcome.runs.length} runs in ${outcome.seconds.toFixed(1)} s. The first job started ${milliseconds(outcome.firstStartMs)} after the process.`,
  ].join('\n');
}

function queueTable({ shares, runs }: Outcome): string {
  const rows = shares.queues.map(({ queue, weight, share, fairShare }) => [
    queue,
    weight,
    executions(runs.filter((run) => run.queue === queue)),
    percent(share),
    percent(fairShare),
  ]);
  return table(['queue', 'weight', 'jobs', 'share', 'by weight'], rows);
}

function jobTable(runs: readonly Run[]): string {
  const names = [...new Set(runs.map(({ job }) => job))];
  const rows = names.map((name) => {
    const own = runs.filter(({ job }) => job === name);
    const durations = own.map(({ durationMs }) => durationMs).filter((ms) => ms !== undefined);
    const [p50, max] = [percentile(durations, 0.5), percentile(durations, 1)];
    return [name, executions(own), own.length - executions(own), milliseconds(p50), milliseconds(max)];
  });
  return table(['job', 'jobs', 'retries', 'p50', 'max'], rows);
}

function scheduleTable({ schedules }: Outcome): string {
  const rows = schedules.map(({ job, schedule, timezone, description, next }) => [
    job,
    schedule,
    description,
    next ? next.toLocaleString('sv-SE', { timeZone: timezone }) : 'never',
    timezone,
  ]);
  return table(['job', 'schedule', 'in words', 'next run', 'time zone'], rows);
}

function retries(runs: readonly Run[]): string {
  const again = runs.filter(({ attempt }) => attempt > 1);
  const reasons = new Set(runs.map(({ error }) => error).filter((error) => error !== undefined));
  return `Retries: ${again.length}. Reasons: ${[...reasons].join('; ')}`;
}

function resumedSteps({ backups: [{ attempts }] }: Outcome): string {
  const steps = ['snapshot', 'archive', 'verify'] as const;
  const resumed = steps.filter((step) => attempts[step] < attempts.prune);
  return `Steps resumed: ${resumed.length}. db:backup failed in "verify"; its next attempt did not repeat ${resumed.join(' and ')}`;
}

/** Without fires that were due before this run, which a store that outlives runs hands on. */
function ticks({ runs, startedAt: began }: Outcome): string[] {
  const fired = runs.filter(({ startedAt, lateBy }) => lateBy !== undefined && startedAt - lateBy >= began.getTime());
  return [...new Set(fired.map(({ job }) => job))].map((name) => {
    const late = fired.filter(({ job }) => job === name).map(({ lateBy }) => lateBy ?? 0);
    const [p50, max] = [percentile(late, 0.5), percentile(late, 1)].map(milliseconds);
    return `Schedule of ${name}: fired ${late.length} times, started ${p50} (p50) and ${max} (max) after its time`;
  });
}

function executions(runs: readonly Run[]): number {
  return new Set(runs.map(({ id }) => id)).size;
}

function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? 0;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
