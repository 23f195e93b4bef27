import type { DeduplicationOptions, FlowJob, JobsOptions } from 'bullmq';
import { Random } from '../../support/random.js';
import { LONG, QUEUES, type QueueName } from './side.js';

/** One public call of BullMQ. Jobs are named by numbers, taken modulo those that there are. */
export type Step =
  | { call: 'add'; queue: QueueName; name: string; data: unknown; opts: JobsOptions }
  | { call: 'addBulk'; queue: QueueName; jobs: { name: string; data: unknown; opts: JobsOptions }[] }
  | { call: 'addChild'; queue: QueueName; parent: number; opts: JobsOptions }
  | { call: 'flow'; flow: FlowJob }
  | { call: 'take'; queue: QueueName }
  | { call: 'crash'; queue: QueueName }
  | { call: 'recover'; queue: QueueName }
  | { call: 'complete'; run: number; value: unknown; fetchNext: boolean }
  | { call: 'fail'; run: number; forGood: boolean; fetchNext: boolean }
  | { call: 'delayRunning'; run: number; delay: number }
  | { call: 'moveBackToWait' | 'waitForChildren' | 'extendLock'; run: number }
  | { call: 'wrongToken'; run: number }
  | { call: 'pause' | 'resume'; queue: QueueName }
  | { call: 'promote' | 'removeChildDependency' | 'removeUnprocessed' | 'undedupe' | 'clearLogs'; job: number }
  | { call: 'changeDelay'; job: number; delay: number }
  | { call: 'changePriority'; job: number; priority: number; lifo: boolean }
  | { call: 'updateData' | 'progress' | 'log'; job: number; value: number }
  | { call: 'remove'; job: number; children: boolean }
  | { call: 'retry'; job: number; state: 'completed' | 'failed'; reset: boolean }
  | { call: 'drain'; queue: QueueName; delayed: boolean }
  | { call: 'clean'; queue: QueueName; grace: number; limit: number; state: CleanState }
  | { call: 'retryJobs'; queue: QueueName; state: 'completed' | 'failed' }
  | { call: 'promoteJobs' | 'obliterate' | 'freeLimit' | 'unbound'; queue: QueueName }
  | { call: 'concurrency'; queue: QueueName; max: number }
  | { call: 'rateLimit'; queue: QueueName }
  | {
      call: 'schedule';
      queue: QueueName;
      id: string;
      every?: number;
      pattern?: string;
      limit?: number;
      opts: JobsOptions;
    }
  | { call: 'unschedule'; queue: QueueName; id: string }
  | { call: 'page'; queue: QueueName; states: PageState[]; start: number; end: number; asc: boolean }
  | { call: 'advance'; ms: number };

type CleanState = 'completed' | 'failed' | 'wait' | 'delayed' | 'prioritized' | 'active';
type PageState = 'waiting' | 'active' | 'completed' | 'failed' | 'delayed' | 'prioritized' | 'waiting-children';

const PAGE_STATES: readonly PageState[] = [
  'waiting',
  'active',
  'completed',
  'failed',
  'delayed',
  'prioritized',
  'waiting-children',
];
const CLEAN_STATES: readonly CleanState[] = ['completed', 'failed', 'wait', 'delayed', 'prioritized', 'active'];

/** A sequence of calls that its seed decides. */
export function makeSequence(seed: number, length: number): Step[] {
  const random = new Random(seed);
  const maker = new Maker(random);
  return Array.from({ length }, () => maker.step());
}

class Maker {
  private flowIds = 0;
  private readonly makers: readonly [weight: number, make: () => Step][];
  private readonly weights: number;

  constructor(private readonly random: Random) {
    const queue = () => random.pick(QUEUES);
    const job = () => random.below(1_000);
    const run = () => random.below(1_000);
    this.makers = [
      [20, () => ({ call: 'add', queue: queue(), name: this.name(), data: this.data(), opts: this.jobOptions() })],
      [2, () => ({ call: 'addBulk', queue: queue(), jobs: this.bulk() })],
      [
        3,
        () => ({
          call: 'addChild',
          queue: queue(),
          parent: job(),
          opts: { ...this.jobOptions(), ...this.childOptions() },
        }),
      ],
      [7, () => ({ call: 'flow', flow: this.flow(0) })],
      [22, () => ({ call: 'take', queue: queue() })],
      [1, () => ({ call: 'crash', queue: queue() })],
      [2, () => ({ call: 'recover', queue: queue() })],
      [14, () => ({ call: 'complete', run: run(), value: this.data(), fetchNext: random.chance(0.4) })],
      [8, () => ({ call: 'fail', run: run(), forGood: random.chance(0.4), fetchNext: random.chance(0.4) })],
      [1, () => ({ call: 'delayRunning', run: run(), delay: random.pick([0, 100, 3_000]) })],
      [2, () => ({ call: random.pick(['moveBackToWait', 'waitForChildren', 'extendLock']), run: run() })],
      [1, () => ({ call: 'wrongToken', run: run() })],
      [3, () => ({ call: random.pick(['pause', 'resume', 'resume']), queue: queue() })],
      [2, () => ({ call: 'promote', job: job() })],
      [
        2,
        () => ({
          call: random.pick(['removeChildDependency', 'removeUnprocessed', 'undedupe', 'clearLogs']),
          job: job(),
        }),
      ],
      [1, () => ({ call: 'changeDelay', job: job(), delay: random.pick([0, 200, 5_000]) })],
      [2, () => ({ call: 'changePriority', job: job(), priority: random.below(4), lifo: random.chance(0.3) })],
      [3, () => ({ call: random.pick(['updateData', 'progress', 'log']), job: job(), value: random.below(100) })],
      [3, () => ({ call: 'remove', job: job(), children: random.chance(0.7) })],
      [
        3,
        () => ({ call: 'retry', job: job(), state: random.pick(['completed', 'failed']), reset: random.chance(0.3) }),
      ],
      [1, () => ({ call: 'drain', queue: queue(), delayed: random.chance(0.5) })],
      [2, () => this.clean(queue())],
      [1, () => ({ call: 'retryJobs', queue: queue(), state: random.pick(['completed', 'failed']) })],
      [2, () => ({ call: random.pick(['promoteJobs', 'freeLimit', 'unbound', 'unbound']), queue: queue() })],
      [0.3, () => ({ call: 'obliterate', queue: queue() })],
      [1, () => ({ call: 'concurrency', queue: queue(), max: 1 + random.below(3) })],
      [0.5, () => ({ call: 'rateLimit', queue: queue() })],
      [4, () => this.schedule(queue())],
      [1, () => ({ call: 'unschedule', queue: queue(), id: this.schedulerId() })],
      [3, () => this.page(queue())],
      [9, () => ({ call: 'advance', ms: random.pick([1, 10, 100, 1_000, 5_000, 70_000]) })],
    ];
    this.weights = this.makers.reduce((sum, [weight]) => sum + weight, 0);
  }

  step(): Step {
    let at = this.random.next() * this.weights;
    for (const [weight, make] of this.makers) {
      at -= weight;
      if (at < 0) return make();
    }
    return this.makers[0]![1]();
  }

  private name(): string {
    return this.random.pick(['mail', 'resize', 'report']);
  }

  private data(): unknown {
    return this.random.pick([
      { n: this.random.below(9) },
      { text: 'é "quoted" \\' },
      'text',
      7,
      null,
      [],
      { deep: [{}] },
    ]);
  }

  private bulk() {
    return Array.from({ length: 1 + this.random.below(4) }, () => ({
      name: this.name(),
      data: this.data(),
      opts: this.jobOptions(),
    }));
  }

  private jobOptions(): JobsOptions {
    const { random } = this;
    return {
      ...(random.chance(0.25) ? { delay: random.pick([0, 100, 1_000, 5_000]) } : {}),
      ...(random.chance(0.25) ? { priority: random.below(4) } : {}),
      ...(random.chance(0.2) ? { lifo: true } : {}),
      ...(random.chance(0.4) ? { attempts: 1 + random.below(3) } : {}),
      ...(random.chance(0.3) ? { backoff: random.pick([500, { type: 'exponential', delay: 100 }]) } : {}),
      ...(random.chance(0.3) ? { removeOnComplete: this.keep() } : {}),
      ...(random.chance(0.3) ? { removeOnFail: this.keep() } : {}),
      ...this.identity(),
      ...(random.chance(0.1) ? { keepLogs: 2 } : {}),
      ...(random.chance(0.1) ? { stackTraceLimit: 0 } : {}),
    };
  }

  /** Not both an own id and a job that is kept for later: Redis has one id in two places when it is added meanwhile. */
  private identity(): Pick<JobsOptions, 'jobId' | 'deduplication'> {
    const { random } = this;
    const deduplication = random.chance(0.3) ? this.deduplication() : undefined;
    const mayHaveId = !deduplication?.keepLastIfActive && random.chance(0.25);
    return {
      ...(mayHaveId ? { jobId: `own-${random.below(6)}` } : {}),
      ...(deduplication ? { deduplication } : {}),
    };
  }

  private keep(): NonNullable<JobsOptions['removeOnComplete']> {
    return this.random.pick([true, false, 1, 2, { count: 1 }, { age: 1 }, { age: 60, count: 3 }, { age: 2, limit: 1 }]);
  }

  private deduplication(): DeduplicationOptions {
    const { random } = this;
    return {
      id: `d${random.below(3)}`,
      ...(random.chance(0.4) ? { ttl: LONG } : {}),
      ...(random.chance(0.3) ? { extend: true } : {}),
      ...(random.chance(0.3) ? { replace: true } : {}),
      ...(random.chance(0.3) ? { keepLastIfActive: true } : {}),
    };
  }

  private childOptions(): JobsOptions {
    return this.random.pick([
      {},
      {},
      { failParentOnFailure: true },
      { continueParentOnFailure: true },
      { ignoreDependencyOnFailure: true },
      { removeDependencyOnFailure: true },
    ]);
  }

  private flow(depth: number): FlowJob {
    const { random } = this;
    const isLeaf = depth > 0 && (depth === 2 || random.chance(0.6));
    const children = isLeaf ? [] : Array.from({ length: 1 + random.below(3) }, () => this.flow(depth + 1));
    const { delay: _, ...options } = this.jobOptions();
    // BullMQ would make ids at random.
    const { jobId = `f${this.flowIds++}-x` } = options;
    return {
      name: this.name(),
      queueName: random.pick(QUEUES),
      data: this.data(),
      opts: { ...options, ...(depth > 0 ? this.childOptions() : {}), jobId },
      ...(children.length > 0 ? { children } : {}),
    };
  }

  private clean(queue: QueueName): Step {
    const { random } = this;
    return {
      call: 'clean',
      queue,
      grace: random.pick([0, 0, 1_000]),
      limit: random.pick([0, 1, 3]),
      state: random.pick(CLEAN_STATES),
    };
  }

  private schedulerId(): string {
    return `s${this.random.below(2)}`;
  }

  private schedule(queue: QueueName): Step {
    const { random } = this;
    return {
      call: 'schedule',
      queue,
      id: this.schedulerId(),
      ...(random.chance(0.6)
        ? { every: random.pick([1_000, 7_000]) }
        : { pattern: random.pick(['* * * * *', '*/5 * * * * *']) }),
      ...(random.chance(0.2) ? { limit: 2 } : {}),
      opts: random.pick([{}, { priority: 2 }, { attempts: 2 }, { removeOnComplete: true }]),
    };
  }

  private page(queue: QueueName): Step {
    const { random } = this;
    const states = PAGE_STATES.filter(() => random.chance(0.4));
    const start = random.below(4);
    return {
      call: 'page',
      queue,
      states: states.length > 0 ? states : ['waiting'],
      start,
      end: random.pick([-1, start, start + 2]),
      asc: random.chance(0.5),
    };
  }
}
