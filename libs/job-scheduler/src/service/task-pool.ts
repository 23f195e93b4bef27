import PQueue from 'p-queue';
import { SystemClock, type Clock, type ClockTimer } from '../common/clock.js';
import { parseDuration, type Duration } from '../common/duration.js';
import { isAbortSignal, optionsProblem } from '../common/options-problem.js';
import { inspectShort } from '../common/inspect-short.js';
import { settlesWithin } from '../common/promises.js';
import { TaskPoolOptionsError, TaskTimeoutError } from '../errors/task-errors.js';

/** Work for a TaskPool. Its signal fires at the time-out and when the caller's signal does. */
export type Task<T> = (signal: AbortSignal) => T | Promise<T>;

export interface TaskPoolOptions {
  /** How many tasks run at once: 1 or more. */
  readonly concurrency: number;
}

export interface TaskOptions {
  /** Takes the task out of the line, or fires its signal when it runs; the result rejects with its reason. */
  readonly signal?: AbortSignal;
  /** From the start of the task: its signal fires then, and the result rejects with TaskTimeoutError. Default: none. */
  readonly timeout?: Duration;
}

/** What comes of a task: a promise that also says whether it has settled. */
export interface TaskResult<T> extends Promise<T> {
  /** Whether the task has ended, or the wait for its end has. */
  readonly settled: boolean;
}

/**
 * Runs work in this process, a number of tasks at once, the others in line. For work that needs no store: nothing of it
 * survives the process. Needs no module: `new TaskPool({ concurrency: 4 })`.
 *
 * A task that was timed out or aborted keeps its slot until it has really ended, so that never more tasks run than allowed.
 *
 * @example
 * ```ts
 * const pool = new TaskPool({ concurrency: 4 });
 * const page = await pool.run((signal) => fetch(url, { signal }), { timeout: '10s' });
 * ```
 */
export class TaskPool {
  private readonly queue: PQueue;
  private readonly concurrency: number;
  private accepted = 0;
  private started = 0;

  /** @throws TaskPoolOptionsError */
  constructor(
    options: TaskPoolOptions,
    private readonly clock: Clock = new SystemClock(),
  ) {
    checkNames(options, ['concurrency']);
    const { concurrency } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new TaskPoolOptionsError('concurrency', concurrency, 'it is a whole number of at least 1.');
    }
    this.concurrency = concurrency;
    this.queue = new PQueue({ concurrency });
  }

  /** How many tasks run. */
  get running(): number {
    return this.started;
  }

  /** How many tasks wait for a slot. */
  get size(): number {
    return this.accepted - this.started;
  }

  /**
   * Runs a task as soon as there is a slot; those that wait come in the order of their calls.
   * @returns what the task gives. Rejects with what it throws, with TaskTimeoutError, or with the reason of `signal`.
   * @throws TaskPoolOptionsError
   */
  run<T>(task: Task<T>, options: TaskOptions = {}): TaskResult<T> {
    if (typeof task !== 'function')
      throw new TaskPoolOptionsError('task', task, `${inspectShort(task)} is not a function.`);
    checkNames(options, ['signal', 'timeout']);
    const { signal, timeout } = options;
    if (signal !== undefined && !isAbortSignal(signal))
      throw new TaskPoolOptionsError('signal', signal, `${inspectShort(signal)} is not an AbortSignal.`);
    return toResult(this.enter(task, signal, timeout === undefined ? undefined : readTimeout(timeout)));
  }

  /** Runs a task at once, or gives `false` when it would have to wait. Otherwise as `run`. */
  tryRun<T>(task: Task<T>, options?: TaskOptions): TaskResult<T> | false {
    return this.accepted < this.concurrency && this.run(task, options);
  }

  /** Resolves when no task runs or waits. @throws TaskTimeoutError, TaskPoolOptionsError */
  async onIdle(options: { timeout?: Duration } = {}): Promise<void> {
    checkNames(options, ['timeout']);
    const ms = options.timeout === undefined ? undefined : readTimeout(options.timeout);
    if (this.accepted === 0) return;
    const idle = this.queue.onIdle();
    if (ms === undefined) return idle;
    if (!(await settlesWithin(idle, this.clock, ms))) throw new TaskTimeoutError('The wait for an idle task pool', ms);
  }

  private enter<T>(task: Task<T>, signal: AbortSignal | undefined, timeout: number | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const inLine = new AbortController();
      const running = new AbortController();
      let timer: ClockTimer | undefined;
      let isRunning = false;
      const end = (reason: unknown) => {
        // The library would give the slot of an aborted task to the next one: it hears of those in line only.
        (isRunning ? running : inLine).abort(reason);
        reject(reason);
      };
      const onAbort = () => end(signal?.reason);
      const leave = () => {
        timer?.cancel();
        signal?.removeEventListener('abort', onAbort);
        this.accepted--;
        if (isRunning) this.started--;
      };
      const run = async (): Promise<void> => {
        isRunning = true;
        this.started++;
        if (timeout !== undefined) {
          timer = this.clock.after(timeout, () => end(new TaskTimeoutError('The task', timeout)));
        }
        try {
          const result = await task(running.signal);
          leave();
          resolve(result);
        } catch (error) {
          leave();
          reject(error);
        }
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.accepted++;
      this.queue.add(run, { signal: inLine.signal }).catch(leave);
    });
  }
}

function toResult<T>(promise: Promise<T>): TaskResult<T> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  return Object.defineProperty(promise, 'settled', { get: () => settled, enumerable: true }) as TaskResult<T>;
}

function checkNames(options: unknown, known: readonly string[]): void {
  const found = optionsProblem(options, known);
  if (found) throw new TaskPoolOptionsError(found.name ?? 'options', options, found.problem);
}

function readTimeout(timeout: Duration): number {
  let ms: number;
  try {
    ms = parseDuration(timeout);
  } catch (error) {
    throw new TaskPoolOptionsError('timeout', timeout, (error as Error).message);
  }
  if (ms > 0) return ms;
  throw new TaskPoolOptionsError('timeout', timeout, 'it is more than 0.');
}
