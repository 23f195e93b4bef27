import { Injectable } from '@nestjs/common';
import type { JobDefinition } from '../definition/job-definition.js';
import type { AnyClass, JobRef } from '../definition/job-ref.js';
import { inspectShort } from '../common/inspect-short.js';
import { didYouMean } from '../errors/did-you-mean.js';
import { JobUnknownError } from '../errors/unknown-name-errors.js';
import { className } from './job-declaration.js';
import { isDecorated } from './explore/metadata-accessor.js';
import { isContract } from './option-shapes.js';
import type { RegisteredJob } from './registered-job.js';

/** The jobs of this process, by name and by every other way in which code refers to them. */
@Injectable()
export class JobRegistry {
  private readonly byName = new Map<string, RegisteredJob>();
  private readonly byClass = new Map<AnyClass, RegisteredJob[]>();
  private readonly prioritized = new Set<string>();
  private whole = false;

  /** Whether discovery is done: from then on, only `register` adds. */
  get isComplete(): boolean {
    return this.whole;
  }

  complete(): void {
    this.whole = true;
  }

  /** A copy that has these jobs too. */
  with(...added: readonly RegisteredJob[]): JobRegistry {
    const copy = new JobRegistry();
    for (const each of [...this.all(), ...added]) copy.add(each);
    return copy;
  }

  /** The first job of a name stays. */
  add(job: RegisteredJob): void {
    if (this.byName.has(job.definition.name)) return;
    const { name, queue, priority } = job.definition;
    this.byName.set(name, job);
    if (priority !== 0) this.prioritized.add(queue);
    for (const type of job.provider?.knownAs ?? []) {
      const jobs = this.byClass.get(type);
      if (jobs) jobs.push(job);
      else this.byClass.set(type, [job]);
    }
  }

  /** In the order of registration. */
  names(): readonly string[] {
    return [...this.byName.keys()];
  }

  all(): readonly RegisteredJob[] {
    return [...this.byName.values()];
  }

  definitions(): readonly JobDefinition[] {
    return this.all().map(({ definition }) => definition);
  }

  /** Whether a job of this queue has a priority: all enqueues into one queue must agree on it (see `toQueuePriority`). */
  isPrioritized(queue: string): boolean {
    return this.prioritized.has(queue);
  }

  find(name: string): RegisteredJob | undefined {
    return this.byName.get(name);
  }

  /** As `require`; undefined for a contract whose code is elsewhere. @throws JobUnknownError */
  lookUp(ref: JobRef): RegisteredJob | undefined {
    return isContract(ref) ? this.find(ref.jobName) : this.require(ref);
  }

  /** @throws JobUnknownError with what is meant instead, as far as that can be told. */
  require(ref: JobRef): RegisteredJob {
    if (typeof ref === 'string') return this.requireName(ref);
    if (typeof ref === 'function') return this.requireClass(ref);
    if (isMethodRef(ref)) return this.requireMethod(ref[0], ref[1]);
    if (isContract(ref)) return this.requireName(ref.jobName);
    throw this.unknown(
      inspectShort(ref),
      `${inspectShort(ref)} is no job: give its name, its class, its contract or [provider, 'method']. (An import in a circle gives undefined.)`,
    );
  }

  private requireName(name: string): RegisteredJob {
    const job = this.byName.get(name);
    if (job) return job;
    throw new JobUnknownError(name, this.names());
  }

  private requireClass(type: AnyClass): RegisteredJob {
    const jobs = this.byClass.get(type) ?? [];
    const onClass = jobs.find(({ provider }) => provider?.method === undefined);
    if (onClass) return onClass;
    const name = className(type);
    if (jobs.length === 0) throw this.unprovided(type);
    const refs = jobs.map(({ provider }) => `[${name}, '${provider?.method}']`).join(', ');
    throw this.unknown(name, `The class ${name} is no job; its methods are. Name one of them: ${refs}.`);
  }

  private requireMethod(type: AnyClass, method: string): RegisteredJob {
    const jobs = this.byClass.get(type) ?? [];
    const found = jobs.find(({ provider }) => provider?.method === method);
    if (found) return found;
    const onClass = jobs.find(({ provider }) => provider?.method === undefined);
    if (onClass && method === 'run' && onClass.definition.steps.length === 0) return onClass;
    const name = className(type);
    if (onClass) {
      throw this.unknown(
        `${name}.${method}`,
        `${name}.${method} is no job; the class is: give ${name}, without a method.`,
      );
    }
    if (jobs.length === 0) throw this.unprovided(type);
    const methods = jobs.flatMap(({ provider }) => provider?.method ?? []);
    throw this.unknown(
      `${name}.${method}`,
      `${name}.${method} is no job.${didYouMean(method, methods, `Jobs of ${name}`)}`,
    );
  }

  private unprovided(type: AnyClass): JobUnknownError {
    const name = className(type);
    return this.unknown(
      name,
      isDecorated(type)
        ? `The class ${name} declares a job, but no module of this app provides it. Add it to the \`providers\` of one; if its module was loaded lazily, call JobService.discover() afterwards; or, if it runs elsewhere, enqueue by a contract (defineJob).`
        : `The class ${name} is no job: it has no @Job(). Add it, on the class or on a method.`,
    );
  }

  private unknown(job: string, problem: string): JobUnknownError {
    return new JobUnknownError(job, this.names(), problem);
  }
}

function isMethodRef(ref: JobRef): ref is readonly [AnyClass, string] {
  return Array.isArray(ref) && typeof ref[0] === 'function' && typeof ref[1] === 'string';
}
