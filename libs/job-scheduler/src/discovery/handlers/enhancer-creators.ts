import { Injectable } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, ModulesContainer, NestContainer } from '@nestjs/core';
import type { ProviderWrapper } from '../explore/found-provider.js';

/** The app's modules, without its global enhancers. */
class ModulesOnly extends NestContainer {
  constructor(private readonly shared: ModulesContainer) {
    super(new ApplicationConfig());
  }

  override getModules(): ModulesContainer {
    return this.shared;
  }
}

/** Nest's machinery for enhancers, with those of the whole app and without. */
@Injectable()
export class EnhancerCreators {
  /** A job's or a step's own enhancers only. */
  readonly own: ExternalContextCreator;

  constructor(
    /** With the global enhancers. */
    readonly global: ExternalContextCreator,
    private readonly config: ApplicationConfig,
    modules: ModulesContainer,
  ) {
    this.own = ExternalContextCreator.fromContainer(new ModulesOnly(modules));
  }

  get hasGlobalFilters(): boolean {
    return this.config.getGlobalFilters().length > 0 || this.config.getGlobalRequestFilters().length > 0;
  }

  /** Global enhancers (`APP_GUARD` and so on) with a scope of their own. */
  get scoped(): readonly ProviderWrapper[] {
    const { config } = this;
    return [
      ...config.getGlobalRequestGuards(),
      ...config.getGlobalRequestInterceptors(),
      ...config.getGlobalRequestPipes(),
      ...config.getGlobalRequestFilters(),
    ];
  }
}
