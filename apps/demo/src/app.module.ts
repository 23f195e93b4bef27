import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { JobSchedulerModule } from 'nestjs-job-scheduler';
import { ActivityModule } from './activity/activity.module.js';
import { ArticlesModule } from './articles/articles.module.js';
import { BackupModule } from './backup/backup.module.js';
import { DigestModule } from './digest/digest.module.js';
import { DocumentsModule } from './documents/documents.module.js';
import { HttpModule } from './http/http.module.js';
import { IndexingModule } from './indexing/indexing.module.js';
import { jobSchedulerOptions, QUEUES } from './job-scheduler.options.js';
import { NewsroomConfigModule } from './newsroom-config.module.js';
import { NewsroomConfig } from './newsroom.config.js';
import { OperationsModule } from './operations/operations.module.js';
import { OutagesModule } from './outages/outages.module.js';
import { PublishingModule } from './publishing/publishing.module.js';
import { PulseModule } from './pulse/pulse.module.js';
import { WechatModule } from './wechat/wechat.module.js';

/** The newsroom. */
@Module({})
export class AppModule {
  /** @param more what only some of its programs have. */
  static register(config: NewsroomConfig, more: Type[] = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        NewsroomConfigModule.register(config),
        ActivityModule,
        OutagesModule,
        DocumentsModule,
        ArticlesModule,
        IndexingModule,
        WechatModule,
        PublishingModule,
        DigestModule,
        BackupModule,
        PulseModule,
        HttpModule,
        OperationsModule,
        ...more,
        // Last, so that jobs start after all other modules and stop before them.
        JobSchedulerModule.forRootAsync({
          inject: [NewsroomConfig],
          useFactory: jobSchedulerOptions,
          queueNames: Object.keys(QUEUES),
        }),
      ],
    };
  }
}
