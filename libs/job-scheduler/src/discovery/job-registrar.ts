import { Inject, Injectable } from '@nestjs/common';
import type { JobOptions } from '../definition/job-options.js';
import { inspectShort } from '../common/inspect-short.js';
import { buildDefinition } from './definition-builder.js';
import { functionInvoker, type JobFunction } from './handlers/function-invoker.js';
import { JobRegistry } from './job-registry.js';
import { findJobSetFaults } from './job-set-faults.js';
import type { RegisteredJob } from './registered-job.js';
import { findPayloadFaults } from './schedule-reader.js';
import { JobDefinitionError } from '../errors/definition-errors.js';
import type { Fault } from '../errors/fault.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/resolved-options.js';

/** A job from `register`. */
export interface Registration {
  readonly job: RegisteredJob;
  /**
   * Rejects with a JobDefinitionError when the schema refuses a schedule's payload, which cannot be known at once.
   * At boot, discovery says so too: this is for jobs that are registered later. An error that nobody waits for is not
   * reported as unhandled.
   */
  readonly checked: Promise<void>;
}

/** Adds jobs without a decorator to the registry. After bootstrap, nothing else does. */
@Injectable()
export class JobRegistrar {
  constructor(
    private readonly registry: JobRegistry,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Adds a job without a decorator. Before bootstrap its `onFail` may name a job that is not known yet.
   * @throws JobDefinitionError with every fault; then nothing is added.
   */
  register(options: JobOptions & { name: string }, handler: JobFunction): Registration {
    if (typeof options !== 'object' || options === null) {
      const problem = `${inspectShort(options)} is no options. Write register({ name: 'mail.send' }, handler).`;
      throw new JobDefinitionError([{ at: 'register', problem }]);
    }
    const source = `register(${inspectShort(options.name)})`;
    const { definition, faults } = buildDefinition(
      {
        source,
        method: undefined,
        defaultName: '',
        contract: undefined,
        options,
        steps: [],
        handler: undefined,
        onFailMethod: undefined,
      },
      this.options,
    );
    const job: RegisteredJob = { definition, invoker: functionInvoker(handler), provider: undefined };
    refuse([...faults, ...this.handlerFaults(source, handler), ...this.setFaults(job)]);
    this.registry.add(job);
    const checked = findPayloadFaults(definition).then(refuse);
    checked.catch(() => undefined);
    return { job, checked };
  }

  private handlerFaults(at: string, handler: unknown): readonly Fault[] {
    if (typeof handler === 'function') return [];
    return [{ at, problem: `handler: ${inspectShort(handler)} is not a function (payload, ctx) => result.` }];
  }

  private setFaults(job: RegisteredJob): readonly Fault[] {
    const known = this.registry.find(job.definition.name);
    if (known) {
      const { name, source } = known.definition;
      return [
        {
          at: job.definition.source,
          problem: `name: Job "${name}" is declared by ${source} too. Choose another name.`,
        },
      ];
    }
    return this.registry.isComplete ? findJobSetFaults([job], this.registry.with(job), []) : [];
  }
}

function refuse(faults: readonly Fault[]): void {
  if (faults.length > 0) throw new JobDefinitionError(faults);
}
