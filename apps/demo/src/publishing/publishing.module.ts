import { Module } from '@nestjs/common';
import { ArticlesModule } from '../articles/articles.module.js';
import { ExpireArticle } from './expiration.job.js';
import { PublishArticle } from './scheduled-publisher.job.js';

@Module({ imports: [ArticlesModule], providers: [PublishArticle, ExpireArticle] })
export class PublishingModule {}
