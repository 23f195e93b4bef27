import { Module } from '@nestjs/common';
import { ArticlesModule } from '../articles/articles.module.js';
import { AnalyseArticle } from './analytics.job.js';
import { FingerprintArticle } from './fingerprint.job.js';
import { IndexTerms } from './search-index.job.js';
import { TrendingWords } from './trending.job.js';

@Module({ imports: [ArticlesModule], providers: [IndexTerms, AnalyseArticle, FingerprintArticle, TrendingWords] })
export class IndexingModule {}
