import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Observable } from 'rxjs';
import type { JobContext, JobFailure } from './job-context.js';

/** The shape of a `@Job` class with a single handler. Implementing it is optional. Of an Observable, the last value is the result. */
export interface JobHandler<P = void, R = unknown> {
  run(payload: P, ctx: JobContext): R | Promise<R> | Observable<R>;
}

export type AnyFunction = (...args: never[]) => unknown;
/** A class, also an abstract one. */
export type AnyClass<T extends object = object> = abstract new (...args: never[]) => T;

/** A job by name and types, that producers import without the worker's code. Made by `defineJob`. */
export interface JobContract<I = unknown, O = unknown, R = unknown> {
  readonly jobName: string;
  readonly schema?: StandardSchemaV1<I, O>;
  /** Never set: carries the types. */
  readonly '~types'?: { input: I; output: O; result: R };
}

/** How a job is named in code: by its name, its class, its contract, or `[provider, 'method']`. */
export type JobRef = string | AnyClass | JobContract | readonly [provider: AnyClass, method: string];

type Args<F> = F extends (...args: infer A) => unknown ? A : never;
type Takes<F> = Args<F> extends [] ? void : Args<F>[0];
type Gives<F> = F extends (...args: never[]) => infer R ? LastOf<Awaited<R>> : never;
type LastOf<R> = R extends Observable<infer V> ? V : R;
type Join<U> = [U] extends [never] ? void : [U] extends [(payload: infer P) => void] ? P : never;

/** Payloads of the methods that take `(payload, ctx)`: surely steps. */
type StepsWithContext<T> = {
  [K in keyof T]: T[K] extends AnyFunction
    ? Args<T[K]> extends [infer P, infer C]
      ? C extends JobContext
        ? (payload: P) => void
        : never
      : never
    : never;
}[keyof T];

/** Payloads of the methods with one argument: taken for steps when there is none with a context. */
type StepsWithoutContext<T> = {
  [K in keyof T]: T[K] extends AnyFunction
    ? Args<T[K]> extends [infer P]
      ? P extends JobFailure<never>
        ? never
        : (payload: P) => void
      : never
    : never;
}[keyof T];

export type MethodNames<T> = { [K in keyof T]-?: T[K] extends AnyFunction ? K : never }[keyof T] & string;

/** The payload of a `@Job` class: of `run`, or what all its steps accept. */
export type ClassPayload<T> = T extends { run: infer F extends AnyFunction }
  ? Takes<F>
  : [StepsWithContext<T>] extends [never]
    ? Join<StepsWithoutContext<T>>
    : Join<StepsWithContext<T>>;

/** The payload that `enqueue` takes for a reference; `unknown` for a name. */
export type JobPayload<J> =
  J extends JobContract<infer I>
    ? I
    : J extends readonly [AnyClass<infer T>, infer K]
      ? K extends keyof T
        ? Takes<T[K]>
        : never
      : J extends AnyClass<infer T>
        ? ClassPayload<T>
        : unknown;

/** What `finished()` resolves with; `unknown` for a name and for a class with steps. */
export type JobResult<J> =
  J extends JobContract<infer _I, infer _O, infer R>
    ? R
    : J extends readonly [AnyClass<infer T>, infer K]
      ? K extends keyof T
        ? Gives<T[K]>
        : never
      : J extends AnyClass<{ run: infer F extends AnyFunction }>
        ? Gives<F>
        : unknown;

/** Narrows `[provider, method]` to the provider's methods, so that a wrong name is an error at the call. */
export type KnownRef<J> = J extends readonly [AnyClass<infer T>, string] ? readonly [AnyClass<T>, MethodNames<T>] : J;
