import { Module, type DynamicModule } from '@nestjs/common';
import { NewsroomConfig } from './newsroom.config.js';

/** Makes the settings injectable everywhere. */
@Module({})
export class NewsroomConfigModule {
  static register(config: NewsroomConfig): DynamicModule {
    return {
      module: NewsroomConfigModule,
      global: true,
      providers: [{ provide: NewsroomConfig, useValue: config }],
      exports: [NewsroomConfig],
    };
  }
}
