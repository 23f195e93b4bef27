import { Injectable } from '@nestjs/common';
import { JobAbortError } from 'nestjs-job-scheduler';
import { DocumentStore } from '../documents/document-store.js';
import { ARTICLES, type Article } from './article.js';

/** Gives other features the articles. */
@Injectable()
export class ArticlesService {
  constructor(private readonly documents: DocumentStore) {}

  find(id: string): Promise<Article | undefined> {
    return this.documents.read(ARTICLES, id);
  }

  /** For jobs whose article must be there: no retry would bring it back. */
  async require(id: string): Promise<Article> {
    const article = await this.find(id);
    if (!article) throw new JobAbortError(`There is no article "${id}"`);
    return article;
  }
}
