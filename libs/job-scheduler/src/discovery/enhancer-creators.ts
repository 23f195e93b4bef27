import { Injectable } from '@nestjs/common';
import { ApplicationConfig, ExternalContextCreator, ModulesContainer, NestContainer } from '@nestjs/core';
import type { ProviderWrapper } from './found-provider.js';

/** The app's modules, without its global enhancers. */
class ModulesOnly extends NestContainer {
  constructor(private readonly shared: ModulesContainer) {
    super(new ApplicationConfig());
  }

  override getModules(): ModulesContainer {
    return this.shared;
  }
}

/** Nest's machinery for enhancers, around a whole attempt and around one step. */
@Injectable()
export class EnhancerCreators {
  /** A step's own enhancers only: the global ones have run around the attempt. */
  readonly step: ExternalContextCreator;

  constructor(
    /** With the global enhancers. */
    readonly attempt: ExternalContextCreator,
    private readonly config: ApplicationConfig,
    modules: ModulesContainer,
  ) {
    this.step = ExternalContextCreator.fromContainer(new ModulesOnly(modules));
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
