import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JobContext } from '../definition/job-context.js';
import type { JobOptions } from '../definition/job-options.js';
import type { AnyClass, ClassPayload, JobContract } from '../definition/job-ref.js';
import { CLASS_JOBS, INJECTABLE } from './metadata-keys.js';
import { addMetadata, addMethodMetadata, type JobMetadata } from './metadata.js';

/** What a class must be for a schema's payload; names the fault in the compiler's message. */
type Fits<T, P> = [P] extends [never]
  ? unknown
  : [P] extends [ClassPayload<T>]
    ? unknown
    : { 'schema does not fit': ClassPayload<T> };

/** Stands on a class, or on a method that takes `(payload, ctx)`. */
export interface JobDecorator<P> {
  <T extends AnyClass>(target: T & Fits<InstanceType<T>, P>): void;
  <F extends (payload: P, ctx: JobContext) => unknown>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): void;
}

/**
 * Makes a job of a provider class, which has `run(payload, ctx)` or `@JobStep()` methods, or of a provider's method.
 *
 * On a class it also makes the class injectable; `@Injectable()` beside it is optional and keeps its scope.
 * The class must stand in some module's `providers`. A payload type that the schema or contract does not give is
 * an error of the compiler; every other fault stops the boot with a `JobDefinitionError`.
 *
 * @example
 * ```ts
 * @Job({ schedule: 'every 15m' })
 * export class Heartbeat {
 *   async run(_: void, ctx: JobContext) {}
 * }
 *
 * @Injectable()
 * export class Mailer {
 *   @Job({ queue: 'critical', timeout: '30s' })
 *   async sendWelcome(mail: WelcomeMail) {}
 * }
 * ```
 */
export function Job<S extends StandardSchemaV1>(
  options: JobOptions & { schema: S },
): JobDecorator<StandardSchemaV1.InferOutput<S>>;
/** A job whose name and schema come from a contract (`defineJob`), which producers import without this code. */
export function Job<I, O>(contract: JobContract<I, O>, options?: Omit<JobOptions, 'name' | 'schema'>): JobDecorator<O>;
export function Job(options?: JobOptions & { schema?: undefined }): JobDecorator<never>;
export function Job(...given: [(JobContract | JobOptions)?, JobOptions?]): JobDecorator<never> {
  const job = readJob(given);
  return (target: object, method?: string | symbol) => {
    if (method !== undefined) return addMethodMetadata(target, { kind: 'job', method, job });
    addMetadata(CLASS_JOBS, job, target);
    // What @Injectable() writes, without the scope: one that stands above or below sets that.
    Reflect.defineMetadata(INJECTABLE, true, target);
  };
}

/** What is no object stops the boot, by the class that it stands on; here, an error would not say where it is. */
function readJob(given: readonly [(JobContract | JobOptions)?, JobOptions?]): JobMetadata {
  const [first = {}, rest = {}] = given;
  if (typeof first !== 'object' || (given.length > 0 && given[0] === undefined))
    return { contract: undefined, options: {}, instead: { value: given[0] } };
  return 'jobName' in first ? { contract: first, options: rest } : { contract: undefined, options: first };
}
