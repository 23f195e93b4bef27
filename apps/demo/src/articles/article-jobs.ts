import { defineJob } from 'nestjs-job-scheduler';
import { z } from 'zod';

/** Says which article, not what is in it: payloads stay small, and a job that waited reads the newest text. */
export const ArticleRef = z.strictObject({ article: z.string().min(1) });

/*
 * What is done with every new article. These are contracts: this feature enqueues them without knowing the code,
 * which stands in the features that do the work.
 */
export const indexTerms = defineJob('news:search_index', { schema: ArticleRef });
export const analyse = defineJob('news:analytics', { schema: ArticleRef });
export const shareCard = defineJob('wechat:share_card', { schema: ArticleRef });
export const fingerprint = defineJob('articles:fingerprint', { schema: ArticleRef });

export const FOR_EACH_ARTICLE = [indexTerms, analyse, shareCard, fingerprint];
