import { ContextIdFactory, ModuleRef, type ContextId } from '@nestjs/core';
import type { FoundProvider, ProviderWrapper } from '../explore/found-provider.js';

/** A provider's instance, and the DI context that it belongs to; none for a singleton. */
export interface OpenedProvider {
  readonly instance: object;
  readonly contextId: ContextId | undefined;
}

/**
 * The instances that a provider's jobs run on: the one there is, or for request-scoped and transient providers a new one
 * in a DI context of its own, or of the durable context that the app's ContextIdStrategy names. Nothing here holds such a
 * context after the call, so that it goes with the call.
 */
export class ProviderInstances {
  private readonly isShared: boolean;

  constructor(private readonly provider: Pick<FoundProvider, 'wrapper' | 'code'>) {
    this.isShared = provider.code.isShared;
  }

  /**
   * @param request what `REQUEST` injects in this context: the JobContext, the JobFailure, or the JobEvent. Into durable
   * providers, which outlive it, it injects what the strategy gives instead.
   * @param scopedEnhancers global enhancers that Nest makes per request, which are to run around the call.
   */
  async open(request: object, scopedEnhancers: readonly ProviderWrapper[] = []): Promise<OpenedProvider> {
    const { isShared } = this;
    const { wrapper } = this.provider;
    if (isShared && scopedEnhancers.length === 0) return { instance: wrapper.instance as object, contextId: undefined };
    // The app's ContextIdStrategy, if it has one, says which durable instances this one shares.
    const contextId = ContextIdFactory.getByRequest(request);
    const outlives = contextId.getParent !== undefined && wrapper.isDependencyTreeDurable();
    moduleRefOf(wrapper).registerRequestByContextId(outlives ? contextId.payload : request, contextId);
    await Promise.all(scopedEnhancers.map((enhancer) => resolve(enhancer, contextId)));
    const instance = isShared ? (wrapper.instance as object) : await resolve(wrapper, contextId);
    return { instance, contextId };
  }
}

function resolve(wrapper: ProviderWrapper, contextId: ContextId): Promise<object> {
  return moduleRefOf(wrapper).resolve<object>(wrapper.token as string, contextId, { strict: true });
}

/** Of the very module that provides it: elsewhere the same token may mean another provider. */
function moduleRefOf(wrapper: ProviderWrapper): ModuleRef {
  return wrapper.host!.providers.get(ModuleRef)!.instance as ModuleRef;
}
