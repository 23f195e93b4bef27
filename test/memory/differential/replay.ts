import { setTimeout as pause } from 'node:timers/promises';
import { UnrecoverableError } from 'bullmq';
import type { Job } from 'bullmq';
import type { VirtualTime } from './virtual-time.js';
import type { Step } from './sequence.js';
import { countEvents } from './snapshot.js';
import { QUEUES, type QueueName, type Running, type Side } from './side.js';

/** Makes one call on one side. @returns what can be compared of its answer. */
export async function replay(side: Side, step: Step, time: VirtualTime): Promise<unknown> {
  try {
    return await (step.call === 'remove' || step.call === 'removeUnprocessed'
      ? inAnyOrder(side, () => call(side, step, time))
      : call(side, step, time));
  } catch (error) {
    return { error: (error as Error).message, code: (error as { code?: unknown }).code };
  }
}

/** A job's children are a set: they are removed in any order, and so are the events. */
async function inAnyOrder<T>(side: Side, work: () => Promise<T>): Promise<T> {
  const before = await countEvents(side);
  try {
    return await work();
  } finally {
    const after = await countEvents(side);
    for (const [index, name] of QUEUES.entries()) side.unordered[name].push([before[index]!, after[index]!]);
  }
}

async function call(side: Side, step: Step, time: VirtualTime): Promise<unknown> {
  switch (step.call) {
    case 'add':
      return idOf(await side.rooms[step.queue].queue.add(step.name, step.data, step.opts));
    case 'addBulk':
      return (await side.rooms[step.queue].queue.addBulk(step.jobs)).map(idOf);
    case 'addChild':
      return withJob(side, step.parent, async (parent, name) => {
        const { queue } = side.rooms[name];
        const parentOpts = { id: parent.id!, queue: queue.qualifiedName };
        return idOf(await side.rooms[step.queue].queue.add('child', {}, { ...step.opts, parent: parentOpts }));
      });
    case 'flow':
      return idOf((await side.flows.add(structuredClone(step.flow))).job);
    case 'advance':
      return time.advance(step.ms);
    default:
      return callQueue(side, step, time);
  }
}

async function callQueue(
  side: Side,
  step: Exclude<Step, { call: 'add' | 'addBulk' | 'addChild' | 'flow' | 'advance' }>,
  time: VirtualTime,
): Promise<unknown> {
  if ('run' in step) return withRun(side, step.run, (run) => callRun(side, run, step));
  if ('job' in step) return withJob(side, step.job, (job) => callJob(job, step));
  const { queue, worker, backend } = side.rooms[step.queue];
  switch (step.call) {
    case 'take':
      return take(side, step.queue, false);
    case 'crash':
      if (side.running.some(({ crashed, name }) => crashed && name === step.queue)) return 'one is enough';
      return crash(side, step.queue, time);
    case 'recover': {
      // Locks and the check run by the server's clock there, by the virtual one here.
      await pause(3);
      time.advance(3);
      const first = await backend.moveStalledJobsToWait();
      await pause(3);
      time.advance(3);
      const recovered = await backend.moveStalledJobsToWait();
      side.running = side.running.filter(({ job }) => !recovered.includes(job.id!) && !first.includes(job.id!));
      return [first, recovered];
    }
    case 'pause':
      return queue.pause();
    case 'resume':
      return queue.resume();
    case 'drain': {
      // Redis cuts the list off at the wrong place when it must keep a job in it: jobs are lost, others are left without data.
      const [waiting] = await backend.getRanges(['wait'], 0, -1);
      if (waiting!.some((id) => id.startsWith('repeat:'))) return 'not compared';
      return queue.drain(step.delayed);
    }
    case 'clean':
      return queue.clean(step.grace, step.limit, step.state);
    case 'retryJobs':
      return queue.retryJobs({ state: step.state });
    case 'promoteJobs':
      return queue.promoteJobs();
    case 'obliterate':
      return queue.obliterate({ force: true });
    case 'freeLimit':
      return queue.removeRateLimitKey();
    case 'unbound':
      return [await queue.removeGlobalConcurrency()];
    case 'concurrency':
      return [await queue.setGlobalConcurrency(step.max)];
    case 'rateLimit':
      return worker.rateLimit(3_600_000);
    case 'schedule': {
      const { every, pattern, limit } = step;
      const repeat = { ...(every ? { every } : { pattern: pattern!, tz: 'UTC' }), ...(limit ? { limit } : {}) };
      return idOf(
        await queue.upsertJobScheduler(step.id, repeat, { name: step.id, data: { by: step.id }, opts: step.opts }),
      );
    }
    case 'unschedule':
      return queue.removeJobScheduler(step.id);
    case 'page':
      return (await queue.getJobs(step.states, step.start, step.end, step.asc)).map(idOf);
    default:
      return undefined;
  }
}

async function callRun(side: Side, run: Running, step: Extract<Step, { run: number }>): Promise<unknown> {
  const { job, token, name } = run;
  switch (step.call) {
    case 'complete':
      return next(side, name, token, await job.moveToCompleted(step.value, token, step.fetchNext));
    case 'fail': {
      const error = step.forGood ? new UnrecoverableError('for good') : new Error('this time');
      error.stack = 'stack';
      return next(side, name, token, (await job.moveToFailed(error, token, step.fetchNext)) as unknown[] | undefined);
    }
    case 'delayRunning':
      return job.moveToDelayed(Date.now() + step.delay, token);
    case 'moveBackToWait':
      return (await job.moveToWait(token)) > 0;
    case 'waitForChildren': {
      const moved = await job.moveToWaitingChildren(token);
      if (!moved) side.running.push(run);
      return moved;
    }
    case 'extendLock':
      side.running.push(run);
      return job.extendLock(token, 3_600_000);
    case 'wrongToken':
      side.running.push(run);
      return job.moveToCompleted('x', 'not its token', false);
    default:
      return undefined;
  }
}

async function callJob(job: Job, step: Extract<Step, { job: number }>): Promise<unknown> {
  switch (step.call) {
    case 'promote':
      return job.promote();
    case 'removeChildDependency':
      return job.removeChildDependency();
    case 'removeUnprocessed':
      return job.removeUnprocessedChildren();
    case 'undedupe':
      return job.removeDeduplicationKey();
    case 'clearLogs':
      return job.clearLogs(1);
    case 'changeDelay':
      return job.changeDelay(step.delay);
    case 'changePriority':
      return job.changePriority({ priority: step.priority, lifo: step.lifo });
    case 'updateData':
      return job.updateData({ changed: step.value });
    case 'progress':
      return job.updateProgress(step.value);
    case 'log':
      return job.log(`line ${step.value}`);
    case 'remove':
      return job.remove({ removeChildren: step.children });
    case 'retry':
      return job.retry(step.state, { resetAttemptsMade: step.reset, resetAttemptsStarted: step.reset });
    default:
      return undefined;
  }
}

async function take(side: Side, name: QueueName, crashed: boolean): Promise<unknown> {
  const { worker, crashing } = side.rooms[name];
  const token = `t${side.tokens++}`;
  const job = await (crashed ? crashing : worker).getNextJob(token, { block: false });
  if (!job) return undefined;
  side.running.push({ job, token, name, crashed });
  return seen(job);
}

/** A worker takes a job and is not heard of again. Its lock ends by the server's clock there, by the virtual one here. */
async function crash(side: Side, name: QueueName, time: VirtualTime): Promise<unknown> {
  const taken = await take(side, name, true);
  await pause(3);
  time.advance(3);
  return taken;
}

/** What came along when a job ended. */
async function next(side: Side, name: QueueName, token: string, answer: unknown[] | void): Promise<unknown> {
  const [data, id, limitedFor, dueAt] = (answer ?? []) as [Record<string, unknown>?, string?, number?, number?];
  if (!data) return [(limitedFor ?? 0) > 0, dueAt ?? 0];
  const { worker } = side.rooms[name];
  // A protected member, so that the next job is made as a worker makes it.
  type Maker = { nextJobFromJobData(data: unknown, id: unknown, token: string): Promise<Job | undefined> };
  const job = await (worker as unknown as Maker).nextJobFromJobData(data, id, token);
  if (!job) return 'none';
  side.running.push({ job, token, name, crashed: false });
  return seen(job);
}

function seen(job: Job): unknown {
  return JSON.parse(JSON.stringify(job.asJSON()));
}

const idOf = (job: Pick<Job, 'id'> | undefined): unknown => job?.id;

/** The run is over, unless `work` puts it back. Those that crashed are left to the check. */
async function withRun(side: Side, number: number, work: (run: Running) => Promise<unknown>): Promise<unknown> {
  const candidates = side.running.filter(({ crashed }) => !crashed);
  if (candidates.length === 0) return 'nothing runs';
  const run = candidates[number % candidates.length]!;
  side.running = side.running.filter((other) => other !== run);
  return work(run);
}

/** Any job that there is, by both queues' states in a fixed order. */
async function withJob(
  side: Side,
  number: number,
  work: (job: Job, name: QueueName) => Promise<unknown>,
): Promise<unknown> {
  const found: { job: Job; name: QueueName }[] = [];
  for (const name of QUEUES) {
    const jobs = (await side.rooms[name].queue.getJobs()) as Job[];
    for (const job of jobs.filter(Boolean)) found.push({ job, name });
  }
  if (found.length === 0) return 'there is no job';
  found.sort((a, b) => (`${a.name}:${a.job.id}` < `${b.name}:${b.job.id}` ? -1 : 1));
  const { job, name } = found[number % found.length]!;
  return [job.id, (await work(job, name)) ?? null];
}
