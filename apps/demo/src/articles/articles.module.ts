import { Module } from '@nestjs/common';
import { ArticlesService } from './articles.service.js';
import { ImportPackages } from './import-packages.job.js';
import { IngestArticle } from './ingest-article.job.js';
import { PackageLibrary } from './package-library.js';

@Module({
  providers: [PackageLibrary, ArticlesService, ImportPackages, IngestArticle],
  exports: [PackageLibrary, ArticlesService],
})
export class ArticlesModule {}
