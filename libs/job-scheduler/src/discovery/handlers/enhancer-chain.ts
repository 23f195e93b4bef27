import { HttpException } from '@nestjs/common';
import { ExternalContextCreator, type ContextId, type ExternalContextOptions } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import type { JobContext } from '../../definition/job-context.js';
import {
  JobCancelError,
  JobLockLostError,
  JobRefusedError,
  JobShutdownError,
  JobSnoozeError,
} from '../../errors/outcome-errors.js';

/** What guards see in `context.getType()`. */
const CONTEXT_TYPE = 'job';

/** The key of our parameter metadata; Nest runs pipes on the parameters that it lists. */
const PARAMETERS = 'nestjs-job-scheduler:parameters';
/**
 * The payload only: pipes have no business with the JobContext. `3` is Nest's type of a request body, so that a
 * ValidationPipe takes the payload for one; it passes by what it does not know.
 */
const PAYLOAD = { '3:0': { index: 0, data: undefined, pipes: [] } };
const PAYLOAD_FACTORY = { exchangeKeyForValue: (_type: number, _data: unknown, args: unknown[]) => args[0] };

/** Ways to end a run that are no failures: filters do not see them, so that none can make a success of them. */
const STEERING = [JobSnoozeError, JobCancelError, JobShutdownError, JobLockLostError];

/** One call that Nest's enhancers go around. */
export interface EnhancedCall {
  /** Carries the class's enhancers, and says what `context.getClass()` is. */
  readonly instance: object;
  /** Carries the method's enhancers and metadata; `context.getHandler()` inherits from it. */
  readonly handler: (...args: unknown[]) => unknown;
  /** Whose parameter types pipes are told. */
  readonly method: string;
  readonly contextId: ContextId | undefined;
  /** Whether any filter may apply. Without one the stage is left out: it would log every error once more. */
  readonly hasFilters: boolean;
  /** Nest's id of the provider: finds its module, and the transient enhancers that were made for it. */
  readonly providerId: string;
  readonly payload: unknown;
  readonly ctx: JobContext;
  /** Gets what the pipes made of the payload. */
  readonly body: (payload: unknown) => unknown;
}

/** Tells Nest that a method's first parameter is the payload. */
export function describePayload(type: object, method: string): void {
  Reflect.defineMetadata(PARAMETERS, PAYLOAD, type, method);
}

/**
 * Runs a call through Nest's `ExternalContextCreator`: filters around guards around interceptors, pipes and the body.
 * Three stages, one in the other, because what Nest makes in one stage does not tell a guard's error from a handler's,
 * nor keep the error that a filter replaces.
 *
 * Rejects with the error that came up to the filters, whatever they throw. A filter that returns a value ends the call
 * with it; one that returns nothing has not handled the error.
 * @throws JobRefusedError when a guard gave false or threw an HttpException below 500.
 */
export async function runEnhanced(creator: ExternalContextCreator, call: EnhancedCall): Promise<unknown> {
  let admitted = false;
  let failure: { readonly error: unknown } | undefined;

  const handle = stage(creator, call, { interceptors: true }, (payload) => call.body(payload));
  const guard = stage(creator, call, { guards: true }, () => {
    admitted = true;
    return handle();
  });
  const watched = async () => {
    try {
      return await guard();
    } catch (error) {
      failure = { error: admitted ? error : refused(error, call.ctx) };
      if (STEERING.some((type) => error instanceof type)) return undefined;
      throw error;
    }
  };

  let result: unknown;
  try {
    result = await (call.hasFilters ? stage(creator, call, { filters: true }, watched) : watched)();
    // Filters of other transports return an observable.
    if (failure && isObservable(result)) result = await lastValueFrom(result, { defaultValue: undefined });
  } catch (error) {
    throw failure ? failure.error : error;
  }
  if (failure && result === undefined) throw failure.error;
  return result;
}

function stage(
  creator: ExternalContextCreator,
  call: EnhancedCall,
  options: ExternalContextOptions,
  work: (payload: unknown) => unknown,
): () => Promise<unknown> {
  const callback = (payload: unknown) => work(payload);
  // Nest reads the method's metadata, and guards read theirs, from the callback: it inherits them from the method.
  Object.setPrototypeOf(callback, call.handler);
  Object.defineProperty(callback, 'name', { value: call.handler.name });
  const pipes = options.interceptors === true;
  const run = creator.create(
    call.instance,
    callback,
    call.method,
    pipes ? PARAMETERS : undefined,
    pipes ? PAYLOAD_FACTORY : undefined,
    call.contextId,
    call.providerId,
    { guards: false, interceptors: false, filters: false, ...options },
    CONTEXT_TYPE,
  );
  return () => run(call.payload, call.ctx) as Promise<unknown>;
}

function refused(error: unknown, ctx: JobContext): unknown {
  if (!(error instanceof HttpException) || error.getStatus() >= 500) return error;
  return new JobRefusedError(`A guard refused job "${ctx.job}": ${error.message}`, error);
}
