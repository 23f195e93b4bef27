import type { ApplicationConfig } from '@nestjs/core';
import type { ResolvedHttpOptions } from './http-options.js';

/** Where the API stands in the app, with its global prefix: `/api/v1/monitor`. */
export function basePath(config: ApplicationConfig, { path }: ResolvedHttpOptions): string {
  const prefix = config.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
  return prefix === '' ? `/${path}` : `/${prefix}/${path}`;
}
