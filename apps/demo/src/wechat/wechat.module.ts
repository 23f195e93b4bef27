import { Module } from '@nestjs/common';
import { ArticlesModule } from '../articles/articles.module.js';
import { ShareCard } from './share-card.job.js';
import { WechatGateway } from './wechat-gateway.js';

@Module({ imports: [ArticlesModule], providers: [WechatGateway, ShareCard] })
export class WechatModule {}
