import { Module, type DynamicModule } from '@nestjs/common';
import { AppModule } from '../app.module.js';
import { ArticlesModule } from '../articles/articles.module.js';
import type { NewsroomConfig } from '../newsroom.config.js';
import { DemoRun } from './demo-run.js';
import { Leftovers } from './leftovers.js';
import { ProgressDisplay } from './progress-display.js';
import { QueueSampler } from './queue-sampler.js';

/** The newsroom, and somebody who runs it and looks on. */
@Module({})
export class DemoModule {
  static register(config: NewsroomConfig): DynamicModule {
    return {
      module: DemoModule,
      imports: [AppModule.register(config), ArticlesModule],
      providers: [DemoRun, Leftovers, QueueSampler, ProgressDisplay],
    };
  }
}
