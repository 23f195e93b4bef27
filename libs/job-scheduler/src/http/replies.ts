import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost } from '@nestjs/core';
import type { JobHandle } from '../jobs/job-handle.js';
import { basePath, type ResolvedHttpOptions, HTTP_OPTIONS } from './http-options.js';
import type { Started } from './schemas/execution.schema.js';

/** Headers of answers, on Express and Fastify alike. */
@Injectable()
export class Replies {
  constructor(
    private readonly http: HttpAdapterHost,
    private readonly config: ApplicationConfig,
    @Inject(HTTP_OPTIONS) private readonly options: ResolvedHttpOptions,
  ) {}

  header(response: object, name: string, value: string): void {
    this.http.httpAdapter.setHeader(response, name, value);
  }

  /** Says where what was made can be read. */
  locate(response: object, collection: string, id: string): void {
    const base = basePath(this.config, this.options);
    this.header(response, 'Location', `${base}/${collection}/${encodeURIComponent(id)}`);
  }

  /** What is answered where an execution was made. */
  started(response: object, { id, job, queue, duplicate }: JobHandle): Started {
    this.locate(response, 'executions', id);
    return { executionId: id, job, queue, duplicate };
  }
}
