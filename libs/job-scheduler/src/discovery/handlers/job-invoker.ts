import type { JobContext, JobFailure } from '../../definition/job-context.js';

/** The handlers of one provider instance. */
export interface JobHandlers {
  /** The single handler: `run`, the decorated method, or the registered function. */
  run(payload: unknown, ctx: JobContext): unknown;
  /** A step's method. */
  step(method: string, payload: unknown, ctx: JobContext): unknown;
}

/** How a registered job's code is called: DI scopes and enhancers are its business, outcomes are not. */
export interface JobInvoker {
  /**
   * One attempt. Gets the provider's instance (a new one for request-scoped and transient providers), runs guards, pipes
   * and interceptors around `body` once, and rejects with what the handler threw.
   * @param body runs the handler or the steps; its payload has passed the pipes.
   * @throws JobRefusedError when a guard refuses.
   */
  attempt(
    payload: unknown,
    ctx: JobContext,
    body: (handlers: JobHandlers, payload: unknown) => Promise<unknown>,
  ): Promise<unknown>;

  /** Calls the `@OnJobFail` method. Undefined when there is none. */
  readonly onFail: ((failure: JobFailure) => Promise<void>) | undefined;
}
