import { Module, type DynamicModule } from '@nestjs/common';
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
import { OutagesModule } from './outages/outages.module.js';
import { PublishingModule } from './publishing/publishing.module.js';
import { PulseModule } from './pulse/pulse.module.js';
import { WechatModule } from './wechat/wechat.module.js';

/** The newsroom. */
@Module({})
export class AppModule {
  static register(config: NewsroomConfig): DynamicModule {
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
