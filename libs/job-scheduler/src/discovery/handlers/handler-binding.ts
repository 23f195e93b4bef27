import type { ContextId } from '@nestjs/core';
import type { JobContext, JobFailure } from '../../definition/job-context.js';
import type { AnyClass } from '../../definition/job-ref.js';
import { lastValueOf } from '../../common/last-value.js';
import { describePayload, runEnhanced } from './enhancer-chain.js';
import type { EnhancerCreators } from './enhancer-creators.js';
import type { FoundProvider } from '../explore/found-provider.js';
import type { JobDeclaration } from '../job-declaration.js';
import type { JobHandlers, JobInvoker } from './job-invoker.js';
import { ENHANCER_KEYS, enhancersOn } from '../explore/metadata-accessor.js';
import { ProviderInstances, type OpenedProvider } from './provider-instances.js';

type Handler = (...args: unknown[]) => unknown;

/** A provider's job as something that can be called. */
export class HandlerBinding implements JobInvoker {
  readonly onFail: ((failure: JobFailure) => Promise<void>) | undefined;

  private readonly instances: ProviderInstances;
  /** Whose parameter types class-level pipes are told: the handler, or the first step. */
  private readonly method: string;
  private readonly isEnhanced: boolean;
  /** Of the class or the handler. */
  private readonly hasFilters: boolean;
  /** Steps with enhancers of their own. */
  private readonly enhancedSteps: ReadonlySet<string>;
  private readonly stepHost: AnyClass | undefined;

  constructor(
    private readonly provider: FoundProvider,
    private readonly declaration: JobDeclaration,
    private readonly creators: EnhancerCreators,
    /** Whether the app's global enhancers run around it. */
    private readonly globalEnhancers: boolean,
  ) {
    const { code } = provider;
    const steps = declaration.steps.map(({ method }) => method);
    this.instances = new ProviderInstances(provider);
    this.method = declaration.handler ?? steps[0]!;
    this.enhancedSteps = new Set(steps.filter((step) => enhancersOn(code.method(step)).length > 0));
    const handler = declaration.handler === undefined ? undefined : code.method(declaration.handler);
    const own = [...enhancersOn(code.type), ...enhancersOn(handler)];
    this.isEnhanced = globalEnhancers || own.length > 0 || this.enhancedSteps.size > 0;
    this.hasFilters = own.some(({ kind }) => kind === 'filter');
    if (this.enhancedSteps.size > 0) this.stepHost = withoutEnhancers(code.type ?? provider.type);
    if (this.isEnhanced && code.type) for (const method of [this.method, ...steps]) describePayload(code.type, method);
    const { onFailMethod } = declaration;
    if (onFailMethod !== undefined) this.onFail = (failure) => this.tell(onFailMethod, failure);
  }

  async attempt(
    payload: unknown,
    ctx: JobContext,
    body: (handlers: JobHandlers, payload: unknown) => Promise<unknown>,
  ): Promise<unknown> {
    if (!this.isEnhanced) {
      const opened = await this.instances.open(ctx);
      return body(this.handlersOf(opened), payload);
    }
    const { creators, globalEnhancers } = this;
    const opened = await this.instances.open(ctx, globalEnhancers ? creators.scoped : []);
    const handlers = this.handlersOf(opened);
    return runEnhanced(globalEnhancers ? creators.global : creators.own, {
      hasFilters: this.hasFilters || (globalEnhancers && creators.hasGlobalFilters),
      instance: opened.instance,
      handler: this.declaration.handler === undefined ? attemptOfSteps : this.code(this.declaration.handler),
      method: this.method,
      contextId: opened.contextId,
      providerId: this.provider.wrapper.id,
      payload,
      ctx,
      body: (piped) => body(handlers, piped),
    });
  }

  private handlersOf({ instance, contextId }: OpenedProvider): JobHandlers {
    return {
      run: (payload, ctx) => callHandler(instance, this.method, payload, ctx),
      step: (method, payload, ctx) =>
        this.enhancedSteps.has(method)
          ? this.enhancedStep(instance, contextId, method, payload, ctx)
          : callHandler(instance, method, payload, ctx),
    };
  }

  private enhancedStep(
    instance: object,
    contextId: ContextId | undefined,
    method: string,
    payload: unknown,
    ctx: JobContext,
  ): Promise<unknown> {
    return runEnhanced(this.creators.own, {
      hasFilters: enhancersOn(this.code(method)).some(({ kind }) => kind === 'filter'),
      instance: Object.create(instance, { constructor: { value: this.stepHost } }) as object,
      handler: this.code(method),
      method,
      contextId,
      providerId: this.provider.wrapper.id,
      payload,
      ctx,
      body: (piped) => callHandler(instance, method, piped, ctx),
    });
  }

  private async tell(method: string, failure: JobFailure): Promise<void> {
    const { instance } = await this.instances.open(failure);
    await lastValueOf(call(instance, method, failure));
  }

  private code(method: string): Handler {
    return this.provider.code.method(method)!;
  }
}

/** What `context.getHandler()` is around a job in steps: no method's. */
function attemptOfSteps(): void {}

/** Observables end here, inside of interceptors: these see what they gave last. */
async function callHandler(instance: object, method: string, payload: unknown, ctx: JobContext): Promise<unknown> {
  return lastValueOf(call(instance, method, payload, ctx), ctx);
}

function call(instance: object, method: string, ...args: unknown[]): unknown {
  return (instance as Record<string, Handler>)[method]!(...args);
}

/**
 * What stands for the class around a step's own enhancers. Those of the class have run around the attempt and must not run
 * again; everything else that guards read from the class is inherited.
 */
function withoutEnhancers(type: AnyClass): AnyClass {
  const Base = type as new () => object;
  const host = class extends Base {};
  Object.defineProperty(host, 'name', { value: type.name });
  for (const key of Object.values(ENHANCER_KEYS)) Reflect.defineMetadata(key, [], host);
  return host;
}
