import { UseInterceptors } from '@nestjs/common';
import { Job, JobContext, type JobPayload } from 'nestjs-job-scheduler';
import { ActivityInterceptor } from '../activity/activity.interceptor.js';
import { shareCard } from '../articles/article-jobs.js';
import { ArticlesService } from '../articles/articles.service.js';
import { linksOf } from '../articles/markdown.js';
import { DocumentStore } from '../documents/document-store.js';
import { CARDS, type Card } from './card.js';
import { WechatGateway } from './wechat-gateway.js';

/** Shares an article as a card with its links. The gateway is flaky: what it drops is tried again. */
@Job(shareCard, {
  queue: 'wechat',
  retry: { max: 5, delay: '200ms', maxDelay: '5s', jitter: 0.2 },
  timeout: '10s',
})
@UseInterceptors(ActivityInterceptor)
export class ShareCard {
  constructor(
    private readonly articles: ArticlesService,
    private readonly gateway: WechatGateway,
    private readonly documents: DocumentStore,
  ) {}

  async run({ article: id }: JobPayload<typeof shareCard>, ctx: JobContext): Promise<{ receipt: string }> {
    const { title, teaser, body } = await this.articles.require(id);
    const card: Card = { article: id, title, teaser, links: linksOf(body) };
    const receipt = await this.gateway.push(card, ctx.signal);
    await this.documents.write(CARDS, id, { ...card, receipt });
    return { receipt };
  }
}
