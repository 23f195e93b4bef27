import type { CodeSchedule, JobDefinition, RetentionPolicy, StepDefinition } from '../definition/job-definition.js';
import { type JobOptions, MISFIRES, MOST_CATCH_UP, OVERLAPS } from '../definition/job-options.js';
import { OptionFaults } from '../common/option-faults.js';
import { resolveRetry } from '../definition/retry-policy.js';
import { inspectShort } from '../common/inspect-short.js';
import { didYouMean } from '../errors/did-you-mean.js';
import type { Fault } from '../errors/fault.js';
import { QueueUnknownError } from '../errors/unknown-name-errors.js';
import type { ResolvedOptions } from '../options/resolved-options.js';
import type { JobDeclaration } from './job-declaration.js';
import { NAME_RULE, isJobRef, isName, isSchema } from './option-shapes.js';
import { readSchedules } from './schedule-reader.js';
import { buildSteps } from './step-builder.js';
import { undefinedOptions } from './undefined-options.js';

const OPTIONS = Object.keys({
  name: true,
  description: true,
  schedule: true,
  timezone: true,
  runOnStart: true,
  enabled: true,
  queue: true,
  priority: true,
  concurrency: true,
  retry: true,
  timeout: true,
  overlap: true,
  misfire: true,
  misfireThreshold: true,
  maxCatchUp: true,
  unique: true,
  retention: true,
  onShutdown: true,
  schema: true,
  onFail: true,
} satisfies Record<keyof JobOptions, true>);

const PRIORITY_LIMIT = 1_000_000;
const MOST = 1_000_000;

/** A job with its defaults filled in, and all that is wrong with it. With faults the definition is not to be used. */
export interface BuiltJob {
  readonly definition: JobDefinition;
  readonly faults: readonly Fault[];
}

/** What was declared, and over it what the module's `jobs` say of the same name, and under it the defaults. */
export function buildDefinition(declaration: JobDeclaration, options: ResolvedOptions): BuiltJob {
  return new DefinitionBuilder(declaration, options).build();
}

class DefinitionBuilder {
  private readonly name: string;
  private readonly own: JobOptions;
  private readonly overrides: Partial<JobOptions>;
  private readonly faults = new OptionFaults();

  constructor(
    private readonly declaration: JobDeclaration,
    private readonly options: ResolvedOptions,
  ) {
    const { contract, defaultName } = declaration;
    this.own = contract ? { ...declaration.options, ...contractOptions(declaration) } : declaration.options;
    this.name = contract?.jobName ?? declaration.options.name ?? defaultName;
    this.overrides = defined(
      isName(this.name) && Object.hasOwn(options.jobs, this.name) ? options.jobs[this.name]! : {},
    );
  }

  build(): BuiltJob {
    const { declaration, name, faults, options } = this;
    const { defaults } = options;
    this.checkNames();
    const set: JobOptions = { ...defined(this.own), ...this.overrides };
    const definition: JobDefinition = Object.freeze({
      name,
      source: declaration.source,
      description: this.description(set.description),
      schedules: this.schedules(set),
      runOnStart: faults.boolean('runOnStart', set.runOnStart, false),
      enabled: faults.boolean('enabled', set.enabled, true),
      queue: this.queue(set.queue),
      priority: faults.integer('priority', set.priority, 0, -PRIORITY_LIMIT, PRIORITY_LIMIT),
      concurrency:
        set.concurrency === undefined ? undefined : faults.integer('concurrency', set.concurrency, 1, 1, MOST),
      retry: resolveRetry(set.retry, defaults.retry, 'retry', faults),
      timeout: faults.duration('timeout', set.timeout, defaults.timeout, 1),
      overlap: this.overlap(set.overlap),
      misfire: faults.oneOf('misfire', set.misfire, defaults.misfire, MISFIRES),
      misfireThreshold: faults.duration('misfireThreshold', set.misfireThreshold, defaults.misfireThreshold),
      maxCatchUp: faults.integer('maxCatchUp', set.maxCatchUp, defaults.maxCatchUp, 1, MOST_CATCH_UP),
      unique: this.unique(set.unique),
      retention: this.retention(set.retention),
      onShutdown: faults.oneOf('onShutdown', set.onShutdown, 'wait', ['wait', 'abort']),
      schema: this.schema(set.schema),
      onFail: this.onFail(set.onFail),
      steps: this.steps(),
    });
    return { definition, faults: this.located() };
  }

  private checkNames(): void {
    const { name, faults, own, overrides } = this;
    if (!isName(name)) faults.add('name', `${inspectShort(name)} is not a job's name. ${NAME_RULE}`);
    if ('name' in overrides) faults.add('name', 'A job cannot be renamed here. Remove it.');
    for (const option of [...Object.keys(own), ...Object.keys(overrides)]) {
      if (!OPTIONS.includes(option))
        faults.add(option, `There is no such option.${didYouMean(option, OPTIONS, 'Known')}`);
    }
    const { contract, options } = this.declaration;
    for (const field of ['name', 'schema'] as const) {
      if (contract && options[field] !== undefined) faults.add(field, 'The contract says it. Remove it here.');
    }
  }

  private description(value: unknown): string | undefined {
    if (value === undefined || typeof value === 'string') return value;
    this.faults.add('description', `${inspectShort(value)} is not a text.`);
    return undefined;
  }

  private schedules(set: JobOptions): readonly CodeSchedule[] {
    const timezone = set.timezone ?? this.options.defaults.timezone;
    return readSchedules(this.name, set.schedule, timezone, this.options.maxPayload, this.faults);
  }

  private queue(value: unknown): string {
    const { defaults, queues } = this.options;
    const queue = value ?? defaults.queue;
    if (typeof queue === 'string' && queues.has(queue)) return queue;
    const problem =
      typeof queue === 'string'
        ? new QueueUnknownError(queue, [...queues.keys()]).message
        : `${inspectShort(queue)} is not a queue's name.`;
    this.faults.add('queue', problem);
    return defaults.queue;
  }

  private overlap(value: unknown): JobDefinition['overlap'] {
    const { faults } = this;
    const { overlap: fallback } = this.options.defaults;
    if (typeof value !== 'object' || value === null) {
      return Object.freeze({ policy: faults.oneOf('overlap', value, fallback, OVERLAPS), key: undefined });
    }
    if (!faults.object('overlap', value, ['policy', 'key'])) return { policy: fallback, key: undefined };
    return Object.freeze({
      policy: faults.oneOf('overlap.policy', value.policy, fallback, OVERLAPS),
      key: this.keyFunction('overlap.key', value.key),
    });
  }

  private unique(value: unknown): JobDefinition['unique'] {
    if (value === undefined || value === false) return undefined;
    if (value === true) return Object.freeze({ key: undefined, for: undefined });
    if (!this.faults.object('unique', value, ['key', 'for'])) return undefined;
    return Object.freeze({
      key: this.keyFunction('unique.key', value.key),
      for: value.for === undefined ? undefined : this.faults.duration('unique.for', value.for, 1, 1),
    });
  }

  private keyFunction(at: string, value: unknown): ((payload: never) => string) | undefined {
    // Its argument cannot be checked here: the types of @Job() do.
    if (value === undefined || typeof value === 'function') return value as ((payload: never) => string) | undefined;
    this.faults.add(at, `${inspectShort(value)} is not a function (payload) => string.`);
    return undefined;
  }

  private retention(value: unknown): RetentionPolicy {
    const { faults } = this;
    const { retention: defaults } = this.options.defaults;
    if (value === undefined || !faults.object('retention', value, ['count', 'age', 'failed'])) return defaults;
    return Object.freeze({
      count: faults.integer('retention.count', value.count, defaults.count, 0, MOST),
      age: faults.duration('retention.age', value.age, defaults.age),
      failed: faults.duration('retention.failed', value.failed, defaults.failed),
    });
  }

  private schema(value: unknown): JobDefinition['schema'] {
    if (value === undefined || isSchema(value)) return value;
    this.faults.add(
      'schema',
      `${inspectShort(value)} is not a Standard Schema. Allowed: a schema of zod, valibot, arktype or another library that implements it.`,
    );
    return undefined;
  }

  private onFail(value: unknown): JobDefinition['onFail'] {
    if (value === undefined) return undefined;
    if (this.declaration.onFailMethod !== undefined) {
      this.faults.add(
        'onFail',
        `The class has an @OnJobFail() method (${this.declaration.onFailMethod}) too. Keep one of them.`,
      );
    }
    if (isJobRef(value)) return value;
    this.faults.add(
      'onFail',
      `${inspectShort(value)} is no job. Give its name, its class, its contract or [provider, 'method'].`,
    );
    return undefined;
  }

  private steps(): readonly StepDefinition[] {
    const { steps, faults } = buildSteps(this.declaration.steps, this.options.defaults);
    this.stepFaults = faults;
    return steps;
  }

  private stepFaults: readonly Fault[] = [];

  /** What an override says wrong stands in the module's options; all else where the job does. */
  private located(): readonly Fault[] {
    const own = this.faults.list.map(({ at, problem }) => {
      return fieldOf(at) in this.overrides
        ? { at: `jobs[${JSON.stringify(this.name)}].${at}`, problem }
        : { at: this.declaration.source, problem: `${at}: ${problem}` };
    });
    const unset = undefinedOptions(this.declaration.options)
      .filter(({ at }) => !(fieldOf(at) in this.overrides))
      .map(({ at, problem }) => ({ at: this.declaration.source, problem: `${at}: ${problem}` }));
    return [...unset, ...own, ...this.stepFaults];
  }
}

/** The option itself: `retry` of `retry.max`. */
function fieldOf(at: string): string {
  return at.split(/[.[]/, 1)[0]!;
}

function contractOptions({ contract }: JobDeclaration): JobOptions {
  return contract?.schema === undefined ? {} : { schema: contract.schema };
}

/** An option that is set to undefined is not set. */
function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
